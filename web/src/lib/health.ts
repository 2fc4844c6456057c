/** What a run's numbers say about how it is doing. */
export type Sign =
  | { kind: "silent"; seconds: number }
  | { kind: "nonfinite"; keys: readonly string[]; count: number }
  | { kind: "idle"; devices: readonly { device: string; mean: number }[] };

interface Numbers {
  key: string;
  nonfinite: number;
  mean: number | null;
  count: number;
}

interface Living {
  state: string;
  heartbeat_at: string | null;
  started_at: string;
}

/** A client says something every few seconds; after this it is not only slow. */
const SILENCE_S = 60;
/** A device that is busy for less than this part of the time, on the whole, waits for work. */
const IDLE_PERCENT = 15;
/** Below these samples a mean says nothing. */
const SAMPLES = 4;

export function signsOf(
  run: Living,
  history: readonly Numbers[],
  system: readonly Numbers[],
  now: number,
): Sign[] {
  const signs: Sign[] = [];
  const heard = new Date(run.heartbeat_at ?? run.started_at).getTime();
  const seconds = (now - heard) / 1000;
  if (run.state === "running" && seconds > SILENCE_S) signs.push({ kind: "silent", seconds });
  const bad = history.filter((each) => each.nonfinite > 0 && !each.key.startsWith("_"));
  if (bad.length > 0) {
    const count = bad.reduce((sum, each) => sum + each.nonfinite, 0);
    signs.push({ kind: "nonfinite", keys: bad.map((each) => each.key), count });
  }
  const idle = system.flatMap(({ key, mean, count }) => {
    const found = /^gpu\.(\d+)\.(?:gpu|utilization|util)(?:_percent)?(?:\/l:(.+))?$/.exec(key);
    if (!found || mean === null || count < SAMPLES || mean >= IDLE_PERCENT) return [];
    const device = found[2] ? `${found[2]} ${found[1]}` : String(found[1]);
    return [{ device, mean }];
  });
  if (idle.length > 0) signs.push({ kind: "idle", devices: idle });
  return signs;
}
