/** Text of the filter language as a literal. */
export function quote(text: string): string {
  return `"${text.replace(/\\/g, "\\\\").replace(/"/g, '\\"')}"`;
}

const escapeRegex = (text: string) => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");

/**
 * The filter that the server gets: the user's expression, and the search box over the run's
 * name and id. Null when nothing is asked.
 */
export function combineFilter(view: {
  search: string;
  regex: boolean;
  filter: string;
}): string | null {
  const parts: string[] = [];
  if (view.search !== "") {
    const pattern = quote(view.regex ? view.search : `(?i)${escapeRegex(view.search)}`);
    parts.push(`(display_name ~ ${pattern} or name ~ ${pattern})`);
  }
  const filter = view.filter.trim();
  if (filter !== "") parts.push(parts.length > 0 ? `(${filter})` : filter);
  return parts.length > 0 ? parts.join(" and ") : null;
}
