import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { LiveRefresher } from "@/api/series.live";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

function panel(refresher: LiveRefresher) {
  const id = Symbol("panel");
  let finish = () => {};
  const refresh = vi.fn(
    () =>
      new Promise<void>((resolve) => {
        finish = resolve;
      }),
  );
  return {
    refresh,
    event: () => refresher.request(id, refresh),
    forget: () => refresher.forget(id),
    finish: async () => {
      finish();
      await vi.advanceTimersByTimeAsync(0);
    },
  };
}

test("a storm of events makes at most two refreshes a second", async () => {
  const one = panel(new LiveRefresher(() => Date.now()));
  for (let ms = 0; ms < 2000; ms += 20) {
    one.event();
    await vi.advanceTimersByTimeAsync(20);
    await one.finish();
  }
  expect(one.refresh.mock.calls.length).toBeGreaterThanOrEqual(4);
  expect(one.refresh.mock.calls.length).toBeLessThanOrEqual(5);
});

test("the last event is never lost", async () => {
  const one = panel(new LiveRefresher(() => Date.now()));
  one.event();
  await vi.advanceTimersByTimeAsync(1);
  one.event(); // while the first refresh is on its way
  await vi.advanceTimersByTimeAsync(600);
  expect(one.refresh).toHaveBeenCalledTimes(1);
  await one.finish();
  await vi.advanceTimersByTimeAsync(500);
  expect(one.refresh).toHaveBeenCalledTimes(2);
});

test("panels refresh at the same moment, so that their questions travel together", async () => {
  const refresher = new LiveRefresher(() => Date.now());
  const [a, b, c] = [panel(refresher), panel(refresher), panel(refresher)];
  a.event();
  await vi.advanceTimersByTimeAsync(1);
  expect(a.refresh).toHaveBeenCalledTimes(1);
  b.event();
  await vi.advanceTimersByTimeAsync(200);
  c.event();
  c.forget();
  await vi.advanceTimersByTimeAsync(298);
  expect(b.refresh).not.toHaveBeenCalled();
  await vi.advanceTimersByTimeAsync(2);
  expect(b.refresh).toHaveBeenCalledTimes(1);
  expect(c.refresh).not.toHaveBeenCalled();
});
