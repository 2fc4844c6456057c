import { render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, expect, test, vi } from "vitest";
import { ChartEnvironment } from "@/charts/environment";
import { LineChart, type LineSeries } from "@/charts/line";
import { syncGroup } from "@/charts/sync";

beforeEach(() => {
  // jsdom paints nothing; what is painted is tested on buffers.
  vi.spyOn(HTMLCanvasElement.prototype, "getContext").mockReturnValue(null);
});

const series: LineSeries[] = ["実験一", "baseline"].map((label, n) => ({
  id: `s${n}`,
  group: `run-${n}`,
  label,
  color: "#336699",
  x: Float64Array.of(0, 10, 20),
  y: Float64Array.of(3 - n, Number.NaN, 0.5),
}));

test("the chart is a picture with a name that the keyboard reaches", async () => {
  render(<LineChart title="train/loss" series={series} />);
  const picture = screen.getByRole("img", { name: /train\/loss/ });
  await userEvent.tab();
  expect(document.activeElement).toBe(picture);
});

test("as a table it says first, last and extremes of each series, in the user's language", () => {
  render(
    <ChartEnvironment locale="ja" timeZone="Asia/Tokyo">
      <LineChart title="train/loss" series={series} as="table" />
    </ChartEnvironment>,
  );
  const rows = screen
    .getAllByRole("row")
    .map((row) => [...row.children].map((cell) => cell.textContent));
  expect(rows).toEqual([
    ["系列", "点数", "最初", "最後", "最小", "最大"],
    ["実験一", "3", "3", "0.5", "0.5", "3"],
    ["baseline", "3", "2", "0.5", "0.5", "2"],
  ]);
});

test("the legend lights up a run in all charts of the group and shows one alone", async () => {
  const user = userEvent.setup();
  render(<LineChart title="train/loss" series={series} legend="bottom" syncKey="legend-test" />);
  const button = screen.getByRole("button", { name: "baseline" });
  await user.hover(button);
  expect(syncGroup("legend-test").state.highlight).toBe("run-1");
  await user.unhover(button);
  expect(syncGroup("legend-test").state.highlight).toBeNull();
  await user.click(button);
  expect(button.getAttribute("aria-pressed")).toBe("true");
  await user.click(button);
  expect(button.getAttribute("aria-pressed")).toBe("false");
});

test("an unmounted chart leaves nothing behind", () => {
  const { unmount, container } = render(<LineChart title="train/loss" series={series} />);
  unmount();
  expect(container.childElementCount).toBe(0);
  expect(document.querySelector(".kiseki-tooltip")).toBeNull();
});
