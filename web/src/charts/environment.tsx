import { createContext, type ReactNode, useContext, useMemo } from "react";
import { type Locale, localZone } from "@/lib/time";

/** What all charts below share. */
export interface ChartEnvironmentValue {
  locale: Locale;
  /** IANA name; the browser's zone by default. */
  timeZone: string;
}

const Context = createContext<ChartEnvironmentValue>({ locale: "en", timeZone: localZone() });

export function ChartEnvironment({
  locale,
  timeZone = localZone(),
  children,
}: {
  locale: Locale;
  timeZone?: string;
  children: ReactNode;
}) {
  const value = useMemo(() => ({ locale, timeZone }), [locale, timeZone]);
  return <Context value={value}>{children}</Context>;
}

export function useChartEnvironment(): ChartEnvironmentValue {
  return useContext(Context);
}
