import { parquetWriteBuffer } from "hyparquet-writer";

export interface FileColumn {
  name: string;
  values: readonly unknown[];
}

/** Columns as a Parquet file: numbers and truths as such, everything mixed or nested as text. */
export function parquetFile(columns: readonly FileColumn[]): ArrayBuffer {
  return parquetWriteBuffer({
    columnData: columns.map(({ name, values }) => {
      const given = values.filter((value) => value !== null && value !== undefined);
      if (given.length > 0 && given.every(isNumber)) {
        return { name, type: "DOUBLE" as const, nullable: true, data: values.map(toNumber) };
      }
      if (given.length > 0 && given.every((value) => typeof value === "boolean")) {
        return { name, type: "BOOLEAN" as const, nullable: true, data: values.map(orNull) };
      }
      return { name, type: "STRING" as const, nullable: true, data: values.map(toText) };
    }),
  });
}

const words: Record<string, number> = {
  NaN: Number.NaN,
  Infinity: Number.POSITIVE_INFINITY,
  "-Infinity": Number.NEGATIVE_INFINITY,
};

/** Numbers that are not finite travel as words. */
const isNumber = (value: unknown) =>
  typeof value === "number" || (typeof value === "string" && Object.hasOwn(words, value));
const orNull = (value: unknown) => value ?? null;
const toNumber = (value: unknown) => (typeof value === "string" ? words[value] : (value ?? null));
const toText = (value: unknown) => {
  if (value === null || value === undefined) return null;
  return typeof value === "string" ? value : JSON.stringify(value);
};
