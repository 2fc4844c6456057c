import { flatten, valueAt } from "./flatten";

interface CallBodies {
  inputs: Record<string, unknown>;
  output: unknown;
}

export interface Mapped {
  /** Where the value stands in a call. */
  path: string;
  column: string;
  taken: boolean;
}

/** Fields of calls that can become columns of a dataset: each input, and the output or its parts. */
export function mappingOf(calls: readonly CallBodies[]): Mapped[] {
  const inputs = new Set<string>();
  const outputs = new Set<string>();
  let isWhole = false;
  for (const call of calls) {
    for (const key of Object.keys(call.inputs)) inputs.add(key);
    const { output } = call;
    if (output !== null && typeof output === "object" && !Array.isArray(output)) {
      for (const [path] of flatten(output)) outputs.add(path);
    } else isWhole = true;
  }
  const columns: Mapped[] = [...inputs].map((key) => ({
    path: `inputs.${key}`,
    column: key,
    // The object whose method was called is no part of an example.
    taken: key !== "self",
  }));
  if (isWhole || outputs.size === 0) {
    columns.push({ path: "output", column: "output", taken: true });
  }
  for (const path of outputs) {
    const last = path.split(".").at(-1) ?? path;
    const column = columns.some((one) => one.column === last) ? `output.${path}` : last;
    columns.push({ path: `output.${path}`, column, taken: outputs.size <= 6 });
  }
  return columns;
}

/** A call as a row. */
export function rowOf(call: CallBodies, mapping: readonly Mapped[]): Record<string, unknown> {
  const row: Record<string, unknown> = {};
  for (const { path, column, taken } of mapping) {
    if (!taken || column.trim() === "") continue;
    const value = path === "output" ? call.output : valueAt(call, path);
    if (value !== undefined) row[column.trim()] = value;
  }
  return row;
}
