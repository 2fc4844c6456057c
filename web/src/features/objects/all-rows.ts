import type { ObjectHome } from "@/api/objects";
import { readTable } from "@/api/objects";
import type { SheetRow } from "@/lib/sheet";

/** Every row of a table, however many pages it takes. */
export async function readAll(at: ObjectHome, table: string): Promise<SheetRow[]> {
  const { rows } = await readTable(at, table, Number.POSITIVE_INFINITY);
  return rows.map((row) => row.value);
}
