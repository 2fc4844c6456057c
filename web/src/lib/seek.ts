/** What lies at steps of a range, in their order; `next` is where the following page begins. */
export interface StepPage<T> {
  items: readonly T[];
  next?: number | null;
}

/** Asks for a page of the steps from `low` to `high`, of at most `limit` steps. */
export type ReadSteps<T> = (low: number, high: number, limit: number) => Promise<StepPage<T>>;

/** Where something was logged: how often, and at which steps for the first and last time. */
export interface Extent {
  count: number;
  first_step: number;
  last_step: number;
}

/** Steps that one question of a search to the left asks for. */
const PAGE = 100;

/** The items of the first step from `step` on that has some. */
export async function seekRight<T extends { step: number }>(
  read: ReadSteps<T>,
  { last_step: last }: Extent,
  step: number,
): Promise<T[]> {
  for (let low: number | null = step; low !== null && low <= last; ) {
    const page: StepPage<T> = await read(low, last, 1);
    if (page.items.length > 0) return [...page.items];
    low = page.next ?? null;
  }
  return [];
}

/**
 * The items of the last step up to `step` that has some. Steps can only be read from left to
 * right, so this looks at ranges that begin ever further to the left; the usual distance between
 * two steps makes the first of them likely to hold one or two.
 */
export async function seekLeft<T extends { step: number }>(
  read: ReadSteps<T>,
  { count, first_step: first, last_step: last }: Extent,
  step: number,
): Promise<T[]> {
  let width = Math.max(1, Math.ceil((last - first) / Math.max(1, count - 1)));
  for (let high = step; high >= first; width *= 2) {
    const low = Math.max(first, high - width + 1);
    let found: readonly T[] = [];
    for (let from: number | null = low; from !== null; ) {
      const page: StepPage<T> = await read(from, high, PAGE);
      if (page.items.length > 0) found = page.items;
      from = page.next ?? null;
    }
    const reached = found.at(-1)?.step;
    if (reached !== undefined) return found.filter((item) => item.step === reached);
    high = low - 1;
  }
  return [];
}
