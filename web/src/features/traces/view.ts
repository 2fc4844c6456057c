import { useNavigate, useSearch } from "@tanstack/react-router";
import { useCallback, useMemo } from "react";
import type { CallSearch } from "@/api/calls";
import type { Params } from "@/lib/view";
import { replaceParams } from "@/lib/view";

const names = ["filter", "sort", "calls", "since", "until"];

/** What one sees of the list of traces, kept in the address. */
export function useTracesView(): [CallSearch, (change: Partial<CallSearch>) => void] {
  const params = useSearch({ strict: false }) as Params;
  const navigate = useNavigate();
  const { filter = "", sort = "", calls = "", since = "", until = "" } = params;
  const view = useMemo(
    (): CallSearch => ({
      filter,
      sort,
      roots: calls !== "all",
      since: since || null,
      until: until || null,
    }),
    [filter, sort, calls, since, until],
  );
  const change = useCallback(
    (part: Partial<CallSearch>) => {
      const next = { ...view, ...part };
      const words: Params = {};
      if (next.filter) words.filter = next.filter;
      if (next.sort) words.sort = next.sort;
      if (!next.roots) words.calls = "all";
      if (next.since) words.since = next.since;
      if (next.until) words.until = next.until;
      navigate({
        to: ".",
        replace: true,
        resetScroll: false,
        search: (old) => replaceParams(old, names, words),
      });
    },
    [navigate, view],
  );
  return [view, change];
}
