import { expect, test } from "vitest";
import {
  durationTicks,
  formatDuration,
  formatTime,
  formatUtc,
  timeTicks,
  zoneOffset,
} from "@/lib/time";

const HOUR = 3_600_000;
const labels = (ticks: { label: string }[]) => ticks.map((tick) => tick.label);

test("ticks stand at round times of the user's zone, days named where they begin", () => {
  const low = Date.UTC(2026, 2, 1, 11, 20); // 20:20 in Tokyo
  const english = timeTicks(low, low + 9 * HOUR, 4, "en", "Asia/Tokyo");
  expect(english.map((tick) => new Date(tick.value).toISOString().slice(11, 16))).toEqual([
    "12:00",
    "15:00",
    "18:00",
  ]);
  expect(labels(english)).toEqual(["1 Mar 21:00", "2 Mar", "03:00"]);
  expect(labels(timeTicks(low, low + 9 * HOUR, 4, "ja", "Asia/Tokyo"))).toEqual([
    "3月1日 21:00",
    "3月2日",
    "03:00",
  ]);
});

test("seconds and milliseconds have finer labels", () => {
  const low = Date.UTC(2026, 0, 5, 9, 0, 0);
  expect(labels(timeTicks(low + 1, low + 60_000, 4, "en", "UTC"))).toEqual([
    "09:00:15",
    "09:00:30",
    "09:00:45",
    "09:01:00",
  ]);
  expect(labels(timeTicks(low, low + 400, 2, "en", "UTC"))).toEqual([
    "09:00:00.000",
    "09:00:00.200",
    "09:00:00.400",
  ]);
});

test("days follow the calendar over a change of clocks", () => {
  // Berlin goes from +1 to +2 hours on 29 March 2026.
  const ticks = timeTicks(
    Date.UTC(2026, 2, 27),
    Date.UTC(2026, 2, 31, 12),
    5,
    "en",
    "Europe/Berlin",
  );
  expect(labels(ticks)).toEqual(["28 Mar", "29 Mar", "30 Mar", "31 Mar"]);
  expect(zoneOffset(ticks[1]?.value ?? 0, "Europe/Berlin")).toBe(HOUR);
  expect(zoneOffset(ticks[2]?.value ?? 0, "Europe/Berlin")).toBe(2 * HOUR);
});

test("long ranges count months", () => {
  const ticks = timeTicks(Date.UTC(2025, 0, 10), Date.UTC(2026, 0, 10), 4, "ja", "UTC");
  expect(labels(ticks)).toEqual(["2025年4月", "2025年7月", "2025年10月", "2026年1月"]);
});

test("a moment in full, in the zone and in UTC", () => {
  const moment = Date.UTC(2026, 2, 1, 11, 20, 5);
  expect(formatTime(moment, "en", "Asia/Tokyo")).toBe("1 Mar 2026, 20:20:05");
  expect(formatTime(moment, "ja", "Asia/Tokyo")).toBe("2026年3月1日 20:20:05");
  expect(formatUtc(moment)).toBe("2026-03-01 11:20:05Z");
});

test.each([
  [0, "0s"],
  [0.25, "0.25s"],
  [59.96, "1m"],
  [90, "1m 30s"],
  [3600, "1h"],
  [5400, "1h 30m"],
  [93_600, "1d 2h"],
  [-30, "−30s"],
])("%d seconds are %s", (seconds, text) => expect(formatDuration(seconds)).toBe(text));

test("relative time has ticks that clocks have", () => {
  expect(durationTicks(0, 7200, 4)).toEqual([0, 1800, 3600, 5400, 7200]);
  expect(durationTicks(0, 1, 4)).toEqual([0, 0.5, 1]);
  expect(durationTicks(0, 100, 5)).toEqual([0, 30, 60, 90]);
});
