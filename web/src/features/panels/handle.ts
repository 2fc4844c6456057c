import { useEffect, useRef } from "react";
import type { ExploreHandle } from "@/charts/explore";

const handles = new Map<string, () => ExploreHandle | null>();

/** Lets the menu of a panel reach its chart. */
export function useHandle(panel: string) {
  const ref = useRef<ExploreHandle>(null);
  useEffect(() => {
    const read = () => ref.current;
    handles.set(panel, read);
    return () => {
      if (handles.get(panel) === read) handles.delete(panel);
    };
  }, [panel]);
  return ref;
}

export const handleOf = (panel: string): ExploreHandle | null => handles.get(panel)?.() ?? null;
