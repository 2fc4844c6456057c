import { useId, useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { flatten } from "@/lib/flatten";
import { formatValue } from "@/lib/format";
import { isLong } from "@/lib/json";
import { CopyButton } from "@/ui/copy";
import { Icon } from "@/ui/icon";
import { Brief, Whole } from "./long-value";
import styles from "./run.module.css";

type Tree = Record<string, unknown>;

const isBranch = (value: unknown): value is Tree =>
  value !== null &&
  typeof value === "object" &&
  !Array.isArray(value) &&
  Object.keys(value).length > 0;

/** Keeps the branches in which a path or a value has the words. */
export function prune(tree: Tree, words: string, path = ""): Tree {
  const kept: Tree = {};
  for (const [key, value] of Object.entries(tree)) {
    const here = path === "" ? key : `${path}.${key}`;
    if (here.toLowerCase().includes(words)) kept[key] = value;
    else if (isBranch(value)) {
      const inner = prune(value, words, here);
      if (Object.keys(inner).length > 0) kept[key] = inner;
    } else if (formatValue(value).toLowerCase().includes(words)) kept[key] = value;
  }
  return kept;
}

/** A nested config; branches fold. */
export function ValueTree({ values, search }: { values: Tree; search: string }) {
  const { t } = useTranslation();
  const words = search.trim().toLowerCase();
  const tree = useMemo(() => (words === "" ? values : prune(values, words)), [values, words]);
  // Large configs begin folded, a search shows what it found.
  const open = useMemo(() => words !== "" || flatten(tree).length <= 60, [tree, words]);
  if (Object.keys(tree).length === 0) return <p className={styles.nothing}>{t("run.noMatch")}</p>;
  return (
    <ul className={styles.tree}>
      {Object.entries(tree).map(([key, value]) => (
        <Branch key={`${key} ${open}`} name={key} value={value} open={open} depth={0} />
      ))}
    </ul>
  );
}

function Branch({
  name,
  value,
  open: openAtFirst,
  depth,
}: {
  name: string;
  value: unknown;
  open: boolean;
  depth: number;
}) {
  const [open, setOpen] = useState(openAtFirst);
  const indent = { "--depth": depth } as React.CSSProperties;
  if (!isBranch(value)) return <Leaf name={name} value={value} indent={indent} />;
  return (
    <li>
      <button
        type="button"
        className={styles.branch}
        style={indent}
        aria-expanded={open}
        onClick={() => setOpen(!open)}
      >
        <Icon name={open ? "chevronDown" : "chevronRight"} size={12} />
        {name}
        {!open && <span className="muted">{Object.keys(value).length}</span>}
      </button>
      {open && (
        <ul>
          {Object.entries(value).map(([key, inner]) => (
            <Branch key={key} name={key} value={inner} open={openAtFirst} depth={depth + 1} />
          ))}
        </ul>
      )}
    </li>
  );
}

function Leaf({
  name,
  value,
  indent,
}: {
  name: string;
  value: unknown;
  indent: React.CSSProperties;
}) {
  const { t } = useTranslation();
  const [open, setOpen] = useState(false);
  const id = useId();
  const long = isLong(value);
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return (
    <li className={styles.leaf} style={indent}>
      <span className={styles.leafName}>{name}</span>
      <span className={styles.leafValue} data-kind={typeof value}>
        {long ? (
          <Brief value={value} open={open} onOpen={setOpen} controls={id} />
        ) : (
          formatValue(value)
        )}
      </span>
      <span className={styles.leafCopy}>
        <CopyButton text={text} label={t("run.copyPath")} done={t("common.copied")} />
      </span>
      {long && open && <Whole value={value} id={id} />}
    </li>
  );
}
