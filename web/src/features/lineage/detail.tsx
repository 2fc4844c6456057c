import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { useHomeOf } from "@/features/artifacts/home";
import { Moment } from "@/features/moment";
import { useStateLabel } from "@/features/runs/state";
import { lineageHref } from "@/lib/artifact-links";
import type { Params } from "@/lib/view";
import { buttonClass, IconButton } from "@/ui/button";
import { isRunState, StateChip } from "@/ui/chip";
import { type Fact, Facts } from "@/ui/page";
import styles from "./lineage.module.css";
import { pageOf } from "./page-of";
import type { Item } from "./types";

/** What is known about the chosen node. */
export function Detail({
  item,
  onClose,
}: {
  item: Item;
  onClose: () => void;
  onOpen: (item: Item) => void;
}) {
  const { t } = useTranslation();
  const label = useStateLabel();
  const homeOf = useHomeOf();
  const { node } = item;
  if (!node) return null;
  const to = pageOf(node, homeOf);
  const kinds = {
    run: t("lineage.kindRun"),
    version: t("lineage.kindVersion"),
    link: t("lineage.kindLink"),
  };
  const facts: Fact[] = [
    [t("artifacts.type"), node.type],
    [t("lineage.project"), node.project && `${node.entity}/${node.project}`],
    [
      t("table.state"),
      node.kind === "run" && isRunState(node.state ?? "") && (
        <StateChip state={node.state ?? ""} label={label(node.state ?? "")} />
      ),
    ],
    [t("artifacts.created"), node.created_at && <Moment at={node.created_at} />],
  ];
  const start: Params =
    node.kind === "run"
      ? { run: node.name ?? "" }
      : { version: `${node.name}:v${node.index ?? 0}` };
  const graph = lineageHref({ entity: node.entity ?? "", project: node.project ?? "" });
  return (
    <section className={styles.detail} aria-label={item.title}>
      <header className={styles.detailHead}>
        <h2>
          <span className="muted">{kinds[node.kind]}</span> {item.title}
        </h2>
        <IconButton icon="close" size="s" label={t("common.close")} onClick={onClose} />
      </header>
      <Facts facts={facts.map(([name, value]) => [name, value === false ? null : value])} />
      {to && (
        <div className={styles.detailActions}>
          <Link to={to as "/"} className={buttonClass("primary", "s")}>
            {t("lineage.openPage")}
          </Link>
          <Link to={graph as "/"} search={start} className={buttonClass("default", "s")}>
            {t("lineage.startHere")}
          </Link>
        </div>
      )}
    </section>
  );
}
