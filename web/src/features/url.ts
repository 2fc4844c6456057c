import { useNavigate, useSearch } from "@tanstack/react-router";
import { useCallback, useMemo, useRef } from "react";
import type { ChartsView, Params, RunsView } from "@/lib/view";
import {
  readChartsView,
  readRunsView,
  replaceParams,
  writeChartsView,
  writeRunsView,
} from "@/lib/view";

type Change = (change: Params) => void;

export const chartNames = [
  "x",
  "smooth",
  "log",
  "outliers",
  "panels",
  "size",
  "zoom",
  "full",
  "closed",
];
export const runNames = [
  "q",
  "regex",
  "filter",
  "sort",
  "first",
  "show",
  "hide",
  "columns",
  "group",
  "pin",
  "base",
  "open",
];

/** The search parameters, and a way to replace those with the given names. */
function useParamsOf(names: readonly string[]): [Params, Change] {
  const params = useSearch({ strict: false }) as Params;
  const navigate = useNavigate();
  const change = useCallback(
    (next: Params) => {
      navigate({
        to: ".",
        replace: true,
        resetScroll: false,
        search: (old) => replaceParams(old, names, next),
      });
    },
    [navigate, names],
  );
  return [params, change];
}

function useView<V>(
  names: readonly string[],
  read: (params: Params) => V,
  write: (view: V) => Params,
): [V, (change: Partial<V>) => void] {
  const [params, change] = useParamsOf(names);
  const own = JSON.stringify(names.map((name) => params[name] ?? null));
  // biome-ignore lint/correctness/useExhaustiveDependencies: the view depends on its own words only
  const view = useMemo(() => read(params), [own, read]);
  const latest = useRef(view);
  latest.current = view;
  const update = useCallback(
    (part: Partial<V>) => {
      latest.current = { ...latest.current, ...part };
      change(write(latest.current));
    },
    [change, write],
  );
  return [view, update];
}

export const useChartsView = (): [ChartsView, (change: Partial<ChartsView>) => void] =>
  useView(chartNames, readChartsView, writeChartsView);

export const useRunsView = (): [RunsView, (change: Partial<RunsView>) => void] =>
  useView(runNames, readRunsView, writeRunsView);

/** One word of the address, say a tab or a search; the usual one is not written. */
export function useParam(name: string, usual = ""): [string, (value: string) => void] {
  const params = useSearch({ strict: false }) as Params;
  const navigate = useNavigate();
  const change = useCallback(
    (value: string) => {
      navigate({
        to: ".",
        replace: true,
        resetScroll: false,
        search: (old) => replaceParams(old, [name], value === usual ? {} : { [name]: value }),
      });
    },
    [navigate, name, usual],
  );
  return [params[name] ?? usual, change];
}
