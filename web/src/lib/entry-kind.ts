import { kindOf } from "./file-kind";
import { mediaType } from "./media-type";

export type EntryKind =
  | "table"
  | "csv"
  | "tsv"
  | "json"
  | "text"
  | "image"
  | "audio"
  | "video"
  | "safetensors";

/** How a file of an artifact can be looked at; null when it cannot. */
export function entryKind(path: string): EntryKind | null {
  if (/\.table\.json$/i.test(path)) return "table";
  if (/\.csv$/i.test(path)) return "csv";
  if (/\.tsv$/i.test(path)) return "tsv";
  if (/\.safetensors$/i.test(path)) return "safetensors";
  const [kind] = mediaType(path).split("/");
  if (kind === "audio" || kind === "video") return kind;
  return kindOf({ path, media_type: null });
}

/** Most bytes that are read for a preview of a kind; what is cut off still shows, or does not. */
export const previewBytes: Record<EntryKind, { most: number; cut: boolean }> = {
  table: { most: 16_000_000, cut: false },
  csv: { most: 2_000_000, cut: true },
  tsv: { most: 2_000_000, cut: true },
  json: { most: 8_000_000, cut: false },
  text: { most: 400_000, cut: true },
  image: { most: 20_000_000, cut: false },
  audio: { most: 40_000_000, cut: false },
  video: { most: 80_000_000, cut: false },
  safetensors: { most: 4_000_000, cut: true },
};
