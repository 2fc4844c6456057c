import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { useVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useMemo, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { runFieldsQuery } from "@/api/runs";
import type { Run } from "@/api/types";
import { highlightRun } from "@/features/charts/highlight";
import { Failure } from "@/features/failure";
import type { RunList } from "@/features/run-list";
import { RunFilters } from "@/features/runs/filters";
import { GroupMenu } from "@/features/runs/group-menu";
import { SortMenu } from "@/features/runs/sort";
import { useStateLabel } from "@/features/runs/state";
import { runColor } from "@/lib/colors";
import { DEFAULT_FIRST, isShown, MAX_SHOWN, showFirst, toggle } from "@/lib/selection";
import { toggled } from "@/lib/table-layout";
import type { RunsView } from "@/lib/view";
import { Button, buttonClass, IconButton } from "@/ui/button";
import { StateGlyph } from "@/ui/chip";
import { Icon } from "@/ui/icon";
import { Menu, MenuItem } from "@/ui/menu";
import { EmptyState, Notice, Skeleton, SkeletonRows } from "@/ui/states";
import { useListKeys } from "@/ui/use-shortcuts";
import { useTheme } from "@/ui/use-theme";
import styles from "./workspace.module.css";

const ROW = 34;
const MOST_PINS = 20;

interface SelectorProps {
  entity: string;
  project: string;
  list: RunList;
  view: RunsView;
  change: (part: Partial<RunsView>) => void;
  shown: readonly string[];
}

/** Chooses which runs are drawn. */
export function RunSelector({ entity, project, list, view, change, shown }: SelectorProps) {
  const { t } = useTranslation();
  const config = useQuery(runFieldsQuery(entity, project, "config"));
  const fields = useMemo(() => ({ config: config.data ?? [], summary: [] }), [config.data]);
  const capped = shown.length >= MAX_SHOWN && list.total > MAX_SHOWN;
  return (
    <div className={styles.selector}>
      <div className={styles.controls}>
        <RunFilters entity={entity} project={project} view={view} change={change} list={list} />
        <div className={styles.bar}>
          <span className={styles.counts}>
            <Link to="/$entity/$project/runs" params={{ entity, project }} className={styles.total}>
              {t("runs.total", { count: list.total })}
            </Link>
            <span className="muted">{t("runs.shown", { count: shown.length })}</span>
          </span>
          <SortMenu view={view} change={change} />
          <GroupMenu
            except
            small
            group={view.group}
            fields={fields}
            onGroup={(group) => change({ group })}
          />
          <Menu trigger={<IconButton icon="eye" size="s" label={t("runs.select")} />}>
            {[DEFAULT_FIRST, 25, 50, 100].map((count) => (
              <MenuItem key={count} onSelect={() => change({ selection: showFirst(count) })}>
                {t("runs.showFirst", { count })}
              </MenuItem>
            ))}
            <MenuItem onSelect={() => change({ selection: showFirst(list.total) })}>
              {list.total > MAX_SHOWN
                ? t("runs.showAllCapped", { count: MAX_SHOWN })
                : t("runs.showAll", { count: list.total })}
            </MenuItem>
            <MenuItem icon="eyeOff" onSelect={() => change({ selection: showFirst(0) })}>
              {t("runs.showNone")}
            </MenuItem>
          </Menu>
        </div>
        {capped && <Notice kind="warning">{t("runs.capped", { count: MAX_SHOWN })}</Notice>}
      </div>
      <Rows entity={entity} project={project} list={list} view={view} change={change} />
    </div>
  );
}

function Rows({ entity, project, list, view, change }: Omit<SelectorProps, "shown">) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const scroller = useRef<HTMLDivElement>(null);
  const [at, setAt] = useState(-1);
  const count = list.runs.length + (list.hasMore ? 8 : 0);
  const virtual = useVirtualizer({
    count,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW,
    overscan: 12,
  });
  const rows = virtual.getVirtualItems();
  const last = rows.at(-1)?.index ?? 0;
  const { hasMore, loadMore } = list;
  const loaded = list.runs.length;
  useEffect(() => {
    if (hasMore && last >= loaded - 40) loadMore();
  }, [hasMore, last, loaded, loadMore]);
  useListKeys({
    count: loaded,
    index: at,
    onIndex: (index) => {
      setAt(index);
      virtual.scrollToIndex(index);
      highlightRun(list.runs[index]?.id ?? null);
    },
    onOpen: (index) => {
      const run = list.runs[index];
      if (run) {
        navigate({
          to: "/$entity/$project/runs/$run",
          params: { entity, project, run: run.id },
        });
      }
    },
  });

  if (list.isLoading) return <SkeletonRows rows={12} label={t("common.loading")} />;
  if (list.error) {
    return <Failure compact title={t("runs.error")} error={list.error} onRetry={list.retry} />;
  }
  if (loaded === 0) {
    return (
      <EmptyState
        compact
        icon="search"
        title={list.filterError ? t("runs.badFilter") : t("runs.noMatch")}
        action={
          <Button size="s" onClick={() => change({ search: "", filter: "" })}>
            {t("runs.clearFilters")}
          </Button>
        }
      >
        {list.filterError ? null : t("runs.noMatchText")}
      </EmptyState>
    );
  }
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: pointing only lights up lines
    <div className={styles.rows} ref={scroller} onMouseLeave={() => highlightRun(null)}>
      <ul style={{ height: virtual.getTotalSize() }}>
        {rows.map((row) => {
          const run = list.runs[row.index];
          return (
            <li
              key={row.key}
              className={styles.row}
              data-current={row.index === at || undefined}
              style={{ transform: `translateY(${row.start}px)` }}
              onMouseEnter={() => highlightRun(run?.id ?? null)}
            >
              {run ? (
                <Row
                  run={run}
                  shown={isShown(view.selection, run.id, row.index)}
                  onToggle={() => change({ selection: toggle(view.selection, run.id, row.index) })}
                  pinned={view.pins.includes(run.id)}
                  baseline={view.baseline === run.id}
                  onPin={() => change({ pins: toggled(view.pins, run.id).slice(-MOST_PINS) })}
                  onBaseline={() => change({ baseline: view.baseline === run.id ? null : run.id })}
                  onOnly={() => change({ selection: { first: 0, shown: [run.id], hidden: [] } })}
                />
              ) : (
                <Skeleton width="60%" height={11} style={{ marginLeft: 34 }} />
              )}
            </li>
          );
        })}
      </ul>
    </div>
  );
}

function Row({
  run,
  shown,
  onToggle,
  pinned,
  baseline,
  onPin,
  onBaseline,
  onOnly,
}: {
  run: Run;
  shown: boolean;
  onToggle: () => void;
  pinned: boolean;
  baseline: boolean;
  onPin: () => void;
  onBaseline: () => void;
  onOnly: () => void;
}) {
  const { t } = useTranslation();
  const theme = useTheme();
  const label = useStateLabel();
  const name = run.display_name;
  return (
    <>
      <button
        type="button"
        className={styles.eye}
        aria-pressed={shown}
        aria-label={shown ? t("runs.hide", { name }) : t("runs.show", { name })}
        onClick={onToggle}
      >
        <Icon name={shown ? "eye" : "eyeOff"} size={15} />
      </button>
      <span
        className={styles.color}
        style={{ background: runColor(run.number, theme), opacity: shown ? 1 : 0.3 }}
      />
      <button
        type="button"
        className={styles.name}
        data-shown={shown}
        onClick={onToggle}
        title={name}
      >
        <span className="truncate">{name}</span>
      </button>
      {pinned && (
        <span className={styles.mark} title={t("runs.pinned")}>
          <Icon name="pin" size={12} />
        </span>
      )}
      {baseline && (
        <span className={styles.mark} title={t("table.baseline")}>
          <Icon name="star" size={12} />
        </span>
      )}
      <StateGlyph state={run.state} label={label(run.state)} />
      <Menu
        trigger={
          <button
            type="button"
            className={`${buttonClass("ghost", "s")} ${styles.open} ${styles.rowMenu}`}
            aria-label={t("runs.menu", { name })}
          >
            <Icon name="more" size={14} />
          </button>
        }
      >
        <MenuItem icon="pin" onSelect={onPin}>
          {pinned ? t("runs.unpin") : t("runs.pin")}
        </MenuItem>
        <MenuItem icon="star" onSelect={onBaseline}>
          {baseline ? t("table.noBaseline") : t("table.makeBaseline")}
        </MenuItem>
        <MenuItem icon="eye" onSelect={onOnly}>
          {t("runs.only")}
        </MenuItem>
      </Menu>
      <Link
        to="/$entity/$project/runs/$run"
        params={{ entity: run.entity, project: run.project, run: run.id }}
        className={`${buttonClass("ghost", "s")} ${styles.open}`}
        aria-label={`${t("runs.open")}: ${name}`}
        title={t("runs.open")}
      >
        <Icon name="chevronRight" size={14} />
      </Link>
    </>
  );
}
