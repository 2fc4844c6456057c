/** At most two refreshes a second for each panel. */
const INTERVAL_MS = 500;

/**
 * Decides when panels fetch what live events announced.
 *
 * All panels share one clock, so that what they ask falls into the same frame and travels
 * together. A panel whose last refresh is not back yet waits for the next turn.
 */
export class LiveRefresher {
  private readonly wanted = new Map<symbol, () => Promise<void>>();
  private readonly running = new Set<symbol>();
  private timer: ReturnType<typeof setTimeout> | null = null;
  private last = Number.NEGATIVE_INFINITY;

  constructor(private readonly now: () => number = () => performance.now()) {}

  request(panel: symbol, refresh: () => Promise<void>): void {
    this.wanted.set(panel, refresh);
    this.schedule();
  }

  forget(panel: symbol): void {
    this.wanted.delete(panel);
  }

  private schedule(): void {
    if (this.timer !== null) return;
    const wait = Math.max(0, this.last + INTERVAL_MS - this.now());
    this.timer = setTimeout(() => this.turn(), wait);
  }

  private turn(): void {
    this.timer = null;
    this.last = this.now();
    for (const [panel, refresh] of [...this.wanted]) {
      if (this.running.has(panel)) continue;
      this.wanted.delete(panel);
      this.running.add(panel);
      // A refresh that failed is made up for by the next event; the panel keeps what it shows.
      refresh()
        .catch(() => {})
        .finally(() => {
          this.running.delete(panel);
          if (this.wanted.has(panel)) this.schedule();
        });
    }
  }
}
