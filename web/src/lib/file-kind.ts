export type FileKind = "text" | "json" | "image";

/** Bytes that a preview loads at most. */
export const PREVIEW_LIMIT = 8_000_000;

const texts =
  /\.(txt|log|md|rst|py|ipynb|js|ts|tsx|sh|c|h|cc|cpp|cu|rs|go|java|r|jl|lua|sql|ya?ml|toml|ini|cfg|conf|env|csv|tsv|xml|html?|css|patch|diff|jsonl|ndjson|tex|lock)$/i;
const images = /\.(png|jpe?g|gif|webp|avif|bmp|svg)$/i;

/** How a file can be looked at; null when it cannot. */
export function kindOf(file: { path: string; media_type: string | null }): FileKind | null {
  const type = file.media_type ?? "";
  if (images.test(file.path) || type.startsWith("image/")) return "image";
  if (/\.json$/i.test(file.path) || type === "application/json") return "json";
  if (texts.test(file.path) || type.startsWith("text/") || !/\.\w+$/.test(file.path)) return "text";
  return null;
}
