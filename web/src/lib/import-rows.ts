import { parseDelimited } from "./delimited";

export interface ImportedRows {
  rows: Record<string, unknown>[];
  columns: string[];
  /** Lines that are no rows, from 1, with the reason. */
  problems: { line: number; message: string }[];
}

const MOST = 200_000;

/** Rows of a file: CSV and TSV with a line of names, JSON lines, or a JSON list of objects. */
export function importRows(name: string, text: string): ImportedRows {
  const plain = text.replace(/^\uFEFF/, "");
  if (/\.(csv|tsv)$/i.test(name)) {
    return fromDelimited(plain, /\.tsv$/i.test(name) ? "\t" : ",");
  }
  if (/\.json$/i.test(name) && plain.trimStart().startsWith("[")) return fromList(plain);
  return fromLines(plain);
}

function fromDelimited(text: string, separator: "," | "\t"): ImportedRows {
  const [head = [], ...lines] = parseDelimited(text, separator, MOST + 1);
  const columns = head.map((column, index) => column.trim() || `column ${index + 1}`);
  const problems: ImportedRows["problems"] = [];
  const kept = lines.filter((line) => line.length > 1 || line[0] !== "");
  kept.forEach((line, index) => {
    if (line.length > columns.length) {
      problems.push({ line: index + 2, message: `${line.length} > ${columns.length}` });
    }
  });
  // A column is of numbers or of truth values only where every cell of it is.
  const readers = columns.map((_, at) => readerOf(kept.map((line) => line[at] ?? "")));
  const rows = kept.map((line) =>
    Object.fromEntries(
      columns.flatMap((column, at) => {
        const cell = line[at] ?? "";
        return cell === "" && readers[at] !== asText ? [] : [[column, readers[at]?.(cell) ?? cell]];
      }),
    ),
  );
  return { rows, columns, problems };
}

const asText = (text: string): unknown => text;

function readerOf(cells: readonly string[]): (text: string) => unknown {
  const full = cells.filter((cell) => cell !== "");
  if (full.length === 0) return asText;
  // “007” and “1e5” may be names; a number is what is written as one writes numbers.
  if (full.every((cell) => /^-?(0|[1-9]\d{0,14})(\.\d+)?$/.test(cell))) return Number;
  if (full.every((cell) => /^(true|false)$/i.test(cell))) {
    return (text) => text.toLowerCase() === "true";
  }
  return asText;
}

function collect(values: readonly { line: number; value: unknown }[]): ImportedRows {
  const rows: Record<string, unknown>[] = [];
  const problems: ImportedRows["problems"] = [];
  const columns = new Set<string>();
  for (const { line, value } of values) {
    if (value === null || typeof value !== "object" || Array.isArray(value)) {
      problems.push({ line, message: JSON.stringify(value)?.slice(0, 60) ?? "" });
      continue;
    }
    for (const key of Object.keys(value)) columns.add(key);
    rows.push(value as Record<string, unknown>);
  }
  return { rows, columns: [...columns], problems };
}

function fromList(text: string): ImportedRows {
  try {
    const values = JSON.parse(text) as unknown[];
    return collect(values.map((value, index) => ({ line: index + 1, value })));
  } catch (error) {
    return { rows: [], columns: [], problems: [{ line: 1, message: (error as Error).message }] };
  }
}

function fromLines(text: string): ImportedRows {
  const values: { line: number; value: unknown }[] = [];
  const problems: ImportedRows["problems"] = [];
  text.split("\n").forEach((line, index) => {
    if (line.trim() === "") return;
    try {
      values.push({ line: index + 1, value: JSON.parse(line) });
    } catch (error) {
      problems.push({ line: index + 1, message: (error as Error).message });
    }
  });
  const found = collect(values);
  return { ...found, problems: [...problems, ...found.problems] };
}
