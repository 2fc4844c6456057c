import { useMemo } from "react";
import { useParam } from "@/features/url";
import type { Brush } from "@/lib/score";
import { brushFilter } from "@/lib/score";

export interface BrushController {
  brushes: readonly Brush[];
  /** Condition of the rows that lie in it; empty without one. */
  filter: string;
  put: (brushes: readonly Brush[]) => void;
  clear: () => void;
}

/** What is chosen in a chart, kept in the address. */
export function useBrush(): BrushController {
  const [text, setText] = useParam("brush");
  return useMemo(() => {
    let brushes: Brush[] = [];
    try {
      brushes = (JSON.parse(text || "[]") as Brush[]).filter(
        (one) => typeof one.field === "string" && Number.isFinite(one.low + one.high),
      );
    } catch {
      // an address that somebody has shortened
    }
    return {
      brushes,
      filter: brushFilter(brushes),
      put: (next) => setText(next.length === 0 ? "" : JSON.stringify(next)),
      clear: () => setText(""),
    };
  }, [text, setText]);
}
