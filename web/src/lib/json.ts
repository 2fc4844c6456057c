/** Longest text of a value that is shown whole. */
const BRIEF = 48;
const WIDTH = 64;

/** Whether a value is too long for one line: lists and objects, and texts of several lines. */
export function isLong(value: unknown): boolean {
  if (typeof value === "string") return value.length > 240 || value.trim().includes("\n");
  if (value === null || typeof value !== "object") return false;
  return JSON.stringify(value).length > BRIEF;
}

/** JSON with a line for each part; parts that fit into a line stay whole. */
export function formatJson(value: unknown, indent = ""): string {
  if (value === null || typeof value !== "object") return JSON.stringify(value) ?? "null";
  const line = oneLine(value);
  if (line.length + indent.length <= WIDTH) return line;
  const inner = `${indent}  `;
  if (Array.isArray(value)) {
    const parts = value.map((part) => `${inner}${formatJson(part, inner)}`);
    return `[\n${parts.join(",\n")}\n${indent}]`;
  }
  const parts = Object.entries(value).map(
    ([key, part]) => `${inner}${JSON.stringify(key)}: ${formatJson(part, inner)}`,
  );
  return `{\n${parts.join(",\n")}\n${indent}}`;
}

/** On one line, with spaces after commas and colons. */
function oneLine(value: unknown): string {
  if (value === null || typeof value !== "object") return JSON.stringify(value) ?? "null";
  if (Array.isArray(value)) return `[${value.map(oneLine).join(", ")}]`;
  const parts = Object.entries(value).map(
    ([key, part]) => `${JSON.stringify(key)}: ${oneLine(part)}`,
  );
  return parts.length === 0 ? "{}" : `{ ${parts.join(", ")} }`;
}
