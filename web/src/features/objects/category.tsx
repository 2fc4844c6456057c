import { Link } from "@tanstack/react-router";
import type { ObjectCategory } from "@/api/types";
import { objectHref, readReference } from "@/lib/object-links";
import type { Params } from "@/lib/view";
import type { IconName } from "@/ui/icon";
import { Icon } from "@/ui/icon";
import styles from "./objects.module.css";

export const categories = [
  "op",
  "model",
  "prompt",
  "dataset",
  "scorer",
  "evaluation",
  "other",
] as const satisfies readonly ObjectCategory[];

export const categoryIcons: Record<ObjectCategory, IconName> = {
  op: "terminal",
  model: "cpu",
  prompt: "edit",
  dataset: "table",
  scorer: "star",
  evaluation: "check",
  other: "box",
};

/** A reference as a link to what it names; nothing for other texts. */
export function ReferenceLink({ text, short = false }: { text: string; short?: boolean }) {
  const found = readReference(text);
  if (!found || found.kind === "table") return null;
  if (found.kind === "call") {
    const { entity, project, id } = found;
    return (
      <Link
        to="/$entity/$project/r/call/$call"
        params={{ entity, project, call: id }}
        className={styles.reference}
        title={text}
      >
        <Icon name="branch" size={12} />
        <span className="truncate">{id}</span>
      </Link>
    );
  }
  return (
    <Link
      to={objectHref(found) as "/"}
      search={{ version: found.version } as Params}
      className={styles.reference}
      title={text}
    >
      <Icon name={found.kind === "op" ? "terminal" : "box"} size={12} />
      <span className="truncate">
        {found.name}
        {!short && <span className="muted">:{found.version.slice(0, 6)}</span>}
      </span>
    </Link>
  );
}
