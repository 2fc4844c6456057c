import { useInfiniteQuery, useQueryClient } from "@tanstack/react-query";
import { useSearch } from "@tanstack/react-router";
import { useVirtualizer } from "@tanstack/react-virtual";
import { useCallback, useEffect, useLayoutEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { ApiError } from "@/api/http";
import { LOG_PAGE, logsQuery } from "@/api/logs";
import type { Run } from "@/api/types";
import { Failure } from "@/features/failure";
import type { Params } from "@/lib/view";
import { Button } from "@/ui/button";
import { EmptyState, SkeletonRows } from "@/ui/states";
import { LogRow } from "./log-row";
import { LogToolbar } from "./log-toolbar";
import styles from "./logs.module.css";
import { useLogTail } from "./use-log-tail";

const ROW = 20;
/** So near to the end counts as being there. */
const NEAR = 40;

/** What the program printed: from the end upwards, with new lines as they come. */
export function RunLogs({ run }: { run: Run }) {
  const { t } = useTranslation();
  const params = useSearch({ strict: false }) as Params;
  const search = params.q ?? "";
  const level = params.level ?? "";
  const client = useQueryClient();
  const options = logsQuery(run.entity, run.project, run.id, { search, level });
  const query = useInfiniteQuery(options);
  const lines = query.data?.pages.flatMap((page) => page.items) ?? [];
  const total = query.data?.pages.at(-1)?.total ?? 0;
  const scroller = useRef<HTMLDivElement>(null);
  const [following, setFollowing] = useState(true);
  const [waiting, setWaiting] = useState(0);
  const [timestamps, setTimestamps] = useState(true);
  const [wrap, setWrap] = useState(false);

  const onLines = useCallback(
    (count: number) => {
      if (!following) setWaiting((before) => before + count);
    },
    [following],
  );
  useLogTail(run, { search, level }, options.queryKey, client, onLines);

  const virtual = useVirtualizer({
    count: lines.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW,
    overscan: 30,
    getItemKey: (index) => lines[index]?.cursor ?? index,
  });

  const last = lines.at(-1)?.cursor;
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new last line is what moves the view
  useLayoutEffect(() => {
    if (!following || !scroller.current) return;
    virtual.scrollToIndex(lines.length - 1, { align: "end" });
  }, [last, following, wrap]);

  // Earlier lines come in above; keep those in sight where they are.
  const first = lines[0]?.cursor;
  const before = useRef({ first, count: lines.length });
  useLayoutEffect(() => {
    const old = before.current;
    if (old.first !== first && old.count > 0 && lines.length > old.count && scroller.current) {
      const at = lines.findIndex((line) => line.cursor === old.first);
      if (at > 0 && !following) scroller.current.scrollTop += at * ROW;
    }
    before.current = { first, count: lines.length };
  }, [first, lines, following]);

  const items = virtual.getVirtualItems();
  const top = items[0]?.index ?? 0;
  const { hasPreviousPage, isFetchingPreviousPage, fetchPreviousPage } = query;
  useEffect(() => {
    if (top < 60 && !following && hasPreviousPage && !isFetchingPreviousPage) fetchPreviousPage();
  }, [top, following, hasPreviousPage, isFetchingPreviousPage, fetchPreviousPage]);

  const onScroll = () => {
    const box = scroller.current;
    if (!box) return;
    const atEnd = box.scrollHeight - box.scrollTop - box.clientHeight < NEAR;
    if (atEnd !== following) setFollowing(atEnd);
    if (atEnd) setWaiting(0);
  };
  const jump = () => {
    setFollowing(true);
    setWaiting(0);
    virtual.scrollToIndex(lines.length - 1, { align: "end" });
  };

  const refused = query.error instanceof ApiError && [400, 422].includes(query.error.status);
  const body = () => {
    if (query.isPending) return <SkeletonRows rows={16} label={t("common.loading")} />;
    if (query.isError && !refused) {
      return <Failure title={t("logs.error")} error={query.error} onRetry={query.refetch} />;
    }
    if (lines.length === 0) {
      const searching = search !== "" || level !== "";
      return (
        <EmptyState
          icon={searching ? "search" : "terminal"}
          title={searching ? t("logs.noMatch") : t("logs.empty")}
        >
          {searching ? null : t("logs.emptyText")}
        </EmptyState>
      );
    }
    return (
      <div className={styles.scroller} ref={scroller} onScroll={onScroll}>
        <div className={styles.edge}>
          {isFetchingPreviousPage
            ? t("logs.earlier")
            : hasPreviousPage
              ? ""
              : lines.length >= Math.min(total, LOG_PAGE) && t("logs.begin")}
        </div>
        <div
          className={styles.lines}
          data-wrap={wrap || undefined}
          style={{ height: virtual.getTotalSize() }}
        >
          {items.map((item) => {
            const line = lines[item.index];
            return (
              line && (
                <LogRow
                  key={item.key}
                  ref={virtual.measureElement}
                  index={item.index}
                  start={item.start}
                  line={line}
                  timestamps={timestamps}
                  search={search}
                />
              )
            );
          })}
        </div>
      </div>
    );
  };

  return (
    <div className={styles.logs}>
      <LogToolbar
        run={run}
        search={search}
        level={level}
        problem={refused ? query.error?.message : undefined}
        lines={lines}
        total={total}
        timestamps={timestamps}
        onTimestamps={setTimestamps}
        wrap={wrap}
        onWrap={setWrap}
      />
      <div className={styles.body}>
        {body()}
        {!following && lines.length > 0 && (
          <div className={styles.follow}>
            <Button variant="primary" icon="arrowDown" onClick={jump}>
              {waiting > 0 ? t("logs.newLines", { count: waiting }) : t("logs.follow")}
            </Button>
          </div>
        )}
      </div>
    </div>
  );
}
