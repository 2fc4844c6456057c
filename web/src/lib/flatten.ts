/** Nested objects as dotted paths; lists and other values stay whole. */
export function flatten(value: unknown, prefix = ""): [path: string, value: unknown][] {
  if (value === null || typeof value !== "object" || Array.isArray(value)) {
    return prefix === "" ? [] : [[prefix, value]];
  }
  const entries = Object.entries(value);
  if (entries.length === 0) return prefix === "" ? [] : [[prefix, {}]];
  return entries.flatMap(([key, inner]) => flatten(inner, prefix ? `${prefix}.${key}` : key));
}

/** The value at a dotted path; keys that contain dots themselves are found too. */
export function valueAt(value: unknown, path: string): unknown {
  if (value === null || typeof value !== "object") return undefined;
  const record = value as Record<string, unknown>;
  if (Object.hasOwn(record, path)) return record[path];
  for (let dot = path.indexOf("."); dot > 0; dot = path.indexOf(".", dot + 1)) {
    const head = path.slice(0, dot);
    if (Object.hasOwn(record, head)) {
      const found = valueAt(record[head], path.slice(dot + 1));
      if (found !== undefined) return found;
    }
  }
  return undefined;
}
