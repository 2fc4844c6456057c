import type { ReactNode } from "react";
import { useMemo, useRef, useState } from "react";
import { LineChart, type LineChartHandle, type LineChartProps } from "@/charts/line";
import { Sparkline } from "@/charts/sparkline";
import { color, loss, noise, plain } from "./data";

const NONE: never[] = [];
const HOUR = 3_600_000;

function Panel({
  title,
  wide,
  ...chart
}: { title: string; wide?: boolean } & Omit<LineChartProps, "title">) {
  return (
    <figure className={wide ? "is-wide" : ""} data-chart={title}>
      <figcaption>{title}</figcaption>
      <div>
        <LineChart title={title} {...chart} />
      </div>
    </figure>
  );
}

function Box({ title, children }: { title: string; children: ReactNode }) {
  return (
    <figure data-chart={title}>
      <figcaption>{title}</figcaption>
      <div>{children}</div>
    </figure>
  );
}

export function Gallery() {
  const five = useMemo(() => [0, 1, 2, 3, 4].map((n) => loss(n)), []);
  const accuracy = useMemo(
    () =>
      five.map((each, n) => ({
        ...each,
        id: `acc-${n}`,
        group: each.id,
        detail: "val/accuracy",
        y: each.y.map((y) => 1 - y / 3),
        min: undefined,
        max: undefined,
      })),
    [five],
  );
  const spike = useMemo(() => {
    const series = loss(0, { length: 800, jitter: 0.25 });
    (series.max as Float64Array)[430] = 2.1;
    (series.min as Float64Array)[600] = -0.8;
    return [series];
  }, []);
  const hundred = useMemo(
    () =>
      Array.from({ length: 100 }, (_, n) => ({
        ...loss(n % 12, { length: 1000, floor: 0.1 + n * 0.012 }),
        id: `h${n}`,
        label: `sweep-${n}`,
        color: color(n),
      })),
    [],
  );
  const gaps = useMemo(() => {
    const random = noise(3);
    const wave = Array.from({ length: 120 }, (_, i) => Math.sin(i / 9) * 3 + random());
    wave.fill(Number.NaN, 30, 38);
    wave[60] = Number.POSITIVE_INFINITY;
    wave[75] = Number.NEGATIVE_INFINITY;
    wave[90] = Number.NaN;
    wave[92] = Number.NaN;
    return [
      plain(0, wave),
      plain(
        2,
        wave.map((y) => y / 2 + 2),
      ),
    ];
  }, []);
  const rates = useMemo(
    () => [
      plain(
        0,
        Array.from(
          { length: 300 },
          (_, i) => 3e-4 * (i < 40 ? i / 40 : 0.5 * (1 + Math.cos((Math.PI * (i - 40)) / 260))),
        ),
      ),
    ],
    [],
  );
  const powers = useMemo(
    () =>
      [0, 1, 2].map((n) =>
        plain(
          n,
          Array.from({ length: 200 }, (_, i) => 10 ** (4 - i / 28 - n)),
          { x: Float64Array.from({ length: 200 }, (_, i) => 1.06 ** i) },
        ),
      ),
    [],
  );
  const outliers = useMemo(() => {
    const random = noise(9);
    return [
      plain(
        0,
        Array.from({ length: 500 }, (_, i) => (i % 97 === 50 ? 4000 : 1 + random() + i / 300)),
      ),
    ];
  }, []);
  const clock = useMemo(() => {
    const start = Date.UTC(2026, 2, 1, 11, 20);
    return [0, 1].map((n) =>
      plain(
        n,
        Array.from({ length: 300 }, (_, i) => 40 + 30 * Math.sin(i / 20 + n) + (n ? 6 : 0)),
        { x: Float64Array.from({ length: 300 }, (_, i) => start + (i * 9 * HOUR) / 300) },
      ),
    );
  }, []);
  const relative = useMemo(
    () =>
      [0, 1, 2].map((n) =>
        plain(
          n,
          Array.from({ length: 100 * (n + 1) }, (_, i) => Math.log(i + 2) + n),
          {
            x: Float64Array.from({ length: 100 * (n + 1) }, (_, i) => i * 61),
            dash: n === 1 ? [6, 4] : undefined,
          },
        ),
      ),
    [],
  );
  const names = useMemo(
    () =>
      [
        "日本語の実験名がとても長くて一行に入らない場合の表示を確かめるための名前",
        "ベースライン（学習率 3e-4）",
        "llama-3.1-8b-instruct-sft-lora-r64-alpha128-lr2e-4-bs256-seed42-try-7-with-packing",
        "短い名前",
      ].map((label, n) => loss(n, { label })),
    [],
  );
  const large = useMemo(
    () => [
      plain(
        0,
        Array.from({ length: 200 }, (_, i) => 1.2e9 + i * 4.3e6),
      ),
    ],
    [],
  );
  const handle = useRef<LineChartHandle>(null);
  const [range, setRange] = useState<readonly [number, number] | undefined>();
  return (
    <main>
      <Panel
        title="train/loss"
        series={five}
        syncKey="runs"
        xLabel="step"
        ref={handle}
        xRange={range}
        onZoom={({ low, high }) => setRange([low, high])}
        onReset={() => setRange(undefined)}
      />
      <Panel title="val/accuracy (same runs)" series={accuracy} syncKey="runs" xLabel="step" />
      <Panel
        title="smoothed 0.9"
        series={five}
        smoothing={{ kind: "ema", weight: 0.9 }}
        syncKey="runs"
      />
      <Panel title="one-step spikes" series={spike} />
      <Panel title="gaps, NaN and ±Inf" series={gaps} />
      <Panel title="one point" series={[plain(0, [0.7321])]} />
      <Panel title="two lone points" series={[plain(0, [1, Number.NaN, 2]), plain(1, [2, 2, 2])]} />
      <Panel title="no points" series={NONE} />
      <Panel title="learning rate" series={rates} />
      <Panel title="log x, log y" series={powers} xScale="log" yScale="log" />
      <Panel title="outliers shown" series={outliers} />
      <Panel title="outliers ignored" series={outliers} ignoreOutliers />
      <Panel
        title="wall time"
        series={clock}
        xKind="time"
        yLabel="%"
        references={[{ y: 72, label: "limit" }]}
      />
      <Panel title="relative time" series={relative} xKind="relative" xLabel="relative time" />
      <Panel title="large numbers" series={large} />
      <Panel title="fixed range" series={five} yRange={[0, 1]} xRange={[2000, 6000]} />
      <Panel title="names, legend below" series={names} legend="bottom" syncKey="names" />
      <Panel title="legend at the right" series={names} legend="right" syncKey="names" />
      <Panel title="as table" series={names} as="table" />
      <Box title="sparklines">
        <table className="sparks">
          <tbody>
            {five.map((each) => (
              <tr key={each.id}>
                <td>{each.label}</td>
                <td>
                  <Sparkline y={each.y} label={each.label} color={each.color} />
                </td>
              </tr>
            ))}
            <tr>
              <td>one value</td>
              <td>
                <Sparkline y={[3]} label="one value" />
              </td>
            </tr>
          </tbody>
        </table>
      </Box>
      <Panel title="100 runs × 1,000 buckets" series={hundred} wide syncKey="hundred" />
      <Panel
        title="100 runs × 1,000 buckets, smoothed"
        series={hundred}
        wide
        smoothing={{ kind: "gaussian", sigma: 8 }}
        syncKey="hundred"
      />
    </main>
  );
}
