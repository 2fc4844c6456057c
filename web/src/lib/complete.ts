/** Filters that the field name at the end of the text could become. */
export function completions(text: string, fields: readonly string[], limit = 20): string[] {
  const word = /[\w./-]*$/.exec(text)?.[0] ?? "";
  const before = text.slice(0, text.length - word.length);
  // Inside a literal, names mean nothing.
  if ((before.match(/(?<!\\)"/g)?.length ?? 0) % 2 === 1) return [];
  if (word === "" && /[\w"\])]\s+$/.test(before) && !/\b(and|or|not|\()\s*$/i.test(before))
    return [];
  return fields
    .filter((field) => field !== word && field.toLowerCase().includes(word.toLowerCase()))
    .slice(0, limit)
    .map((field) => before + field);
}
