import { createContext, useContext } from "react";

/** Draws only some of the runs; null where the runs cannot be chosen. */
export const KeepRuns = createContext<((runs: readonly string[]) => void) | null>(null);

export const useKeepRuns = () => useContext(KeepRuns);
