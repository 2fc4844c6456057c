import type { InfiniteData, QueryClient, QueryKey } from "@tanstack/react-query";
import { useEffect, useRef } from "react";
import type { LogPlace, LogSearch } from "@/api/logs";
import { LOG_PAGE, readLogs } from "@/api/logs";
import { useLiveEvent } from "@/api/stream";
import type { LogLine, LogPage, Run } from "@/api/types";

/** Lines kept beyond this many are dropped from the beginning; scrolling back reads them again. */
const KEPT = 50_000;

type Pages = InfiniteData<LogPage, LogPlace>;

/** Adds lines behind the known ones; a line that was printed over replaces its older self. */
export function appendLines(pages: Pages, lines: readonly LogLine[], total: number): Pages {
  if (lines.length === 0) return pages;
  const fresh = new Set(lines.map((line) => line.cursor));
  const kept = pages.pages.map((page) => ({
    ...page,
    items: page.items.some((line) => fresh.has(line.cursor))
      ? page.items.filter((line) => !fresh.has(line.cursor))
      : page.items,
  }));
  const last = kept.at(-1);
  const head = kept.slice(0, -1);
  const items = [...(last?.items ?? []), ...lines];
  const all = [...head, { items, total }];
  const count = all.reduce((sum, page) => sum + page.items.length, 0);
  if (count > KEPT && all.length > 1) {
    return { pages: all.slice(1), pageParams: pages.pageParams.slice(1) };
  }
  return { pages: all, pageParams: pages.pageParams };
}

/** Reads new lines whenever the server says that there are some. */
export function useLogTail(
  run: Run,
  search: LogSearch,
  key: QueryKey,
  client: QueryClient,
  onLines: (count: number) => void,
): void {
  const busy = useRef(false);
  const again = useRef(false);
  const alive = useRef(true);
  useEffect(() => {
    alive.current = true;
    return () => {
      alive.current = false;
    };
  }, []);

  const read = async (): Promise<void> => {
    if (busy.current) {
      again.current = true;
      return;
    }
    busy.current = true;
    try {
      const known = client.getQueryData<Pages>(key);
      const last = known?.pages.at(-1)?.items.at(-1);
      if (!known) return;
      if (!last) {
        await client.refetchQueries({ queryKey: key, exact: true });
        return;
      }
      const page = await readLogs(run.entity, run.project, run.id, {
        ...search,
        after: last.cursor,
      });
      if (!alive.current) return;
      client.setQueryData<Pages>(
        key,
        (pages) => pages && appendLines(pages, page.items, page.total),
      );
      onLines(page.items.length);
      again.current ||= page.items.length === LOG_PAGE;
    } catch {
      // The connection badge tells; the next event tries again.
    } finally {
      busy.current = false;
      if (again.current && alive.current) {
        again.current = false;
        void read();
      }
    }
  };

  useLiveEvent("console.appended", (event) => {
    if (event.entity === run.entity && event.project === run.project && event.run === run.id) {
      void read();
    }
  });
  useLiveEvent("resync", () => void read());
}
