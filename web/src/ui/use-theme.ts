import { useSyncExternalStore } from "react";
import type { Theme, ThemeChoice } from "@/lib/theme";
import { currentTheme, onThemeChange, themeChoice } from "@/lib/theme";

/** The theme that is shown now; changes when the user or the system switches. */
export function useTheme(): Theme {
  return useSyncExternalStore(onThemeChange, currentTheme, () => "light");
}

export function useThemeChoice(): ThemeChoice {
  return useSyncExternalStore(onThemeChange, themeChoice, () => "system");
}
