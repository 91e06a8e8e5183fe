/** The panels that show the chosen events: time, counts, magnitudes, depths. */

import { useCallback, useMemo } from "react";

import { utc } from "../format";
import { messages } from "../messages";
import { roomy, type Axis } from "./axes";
import { Chart, type Ends } from "./Chart";
import type { MagnitudeNumbers } from "./client";
import { extent, type Columns } from "./columns";
import type { Filters, Range, Section } from "./filters";
import { Words } from "../told/Words";
import type { Plot } from "./plot";
import { sectionPoints } from "./sections";
import { atLeast, binned, roundWidth } from "./summary";

const text = messages.explore;

export interface PanelProperties {
  columns: Columns;
  mask: Uint8Array;
  chosen: Uint32Array;
  onLimit: (limits: Partial<Filters>) => void;
}

const rounded = ([low, high]: Ends, decimals: number): Range => [
  Number(low.toFixed(decimals)),
  Number(high.toFixed(decimals)),
];
/** Seconds as the address holds them: whole where the range is long. */
const timeRange = (ends: Ends): Range => rounded(ends, ends[1] - ends[0] > 600 ? 0 : 2);

const useTimeAxis = (columns: Columns): Axis =>
  useMemo(() => {
    const [low, high] = roomy(extent(columns.timeS), 0.02);
    return { low, high, label: text.timeAxis, kind: "time" };
  }, [columns]);

export function MagnitudeTime({ columns, mask, chosen, onLimit }: PanelProperties) {
  const x = useTimeAxis(columns);
  const y = useMemo<Axis>(() => {
    const [low, high] = roomy(extent(columns.magnitude), 0.06);
    return { low, high, label: text.magnitudeAxis, kind: "number" };
  }, [columns]);
  const paint = useCallback((plot: Plot) => plot.points(columns.timeS, columns.magnitude, mask), [columns, mask]);
  return (
    <Chart
      name="magnitude-time"
      title={text.magnitudeTime}
      label={text.magnitudeTimeLabel(chosen.length, columns.n)}
      x={x}
      y={y}
      paint={paint}
      brush="xy"
      onBrush={(times, magnitudes) => onLimit({ time: timeRange(times), magnitude: rounded(magnitudes, 2) })}
    />
  );
}

const MOST_STEPS = 2000;

export function Cumulative({ columns, chosen, onLimit }: PanelProperties) {
  const x = useTimeAxis(columns);
  const y = useMemo<Axis>(
    () => ({ low: 0, high: Math.max(1, chosen.length * 1.05), label: text.countAxis, kind: "number" }),
    [chosen],
  );
  const paint = useCallback(
    (plot: Plot) => plot.line(steps(columns, chosen, x.high), plot.colours.chosen, 2),
    [columns, chosen, x],
  );
  return (
    <Chart
      name="cumulative"
      title={text.cumulative}
      label={text.cumulativeLabel(chosen.length)}
      x={x}
      y={y}
      height={180}
      paint={paint}
      brush="x"
      onBrush={(times) => onLimit({ time: timeRange(times) })}
    />
  );
}

function* steps(columns: Columns, chosen: Uint32Array, endS: number): Generator<[number, number]> {
  const stride = Math.max(1, Math.floor(chosen.length / MOST_STEPS));
  for (let k = 0; k < chosen.length; k += stride) {
    const at = columns.timeS[chosen[k]!]!;
    yield [at, k];
    yield [at, Math.min(chosen.length, k + stride)];
  }
  yield [endS, chosen.length];
}

export function Frequency({
  columns, chosen, onLimit, numbers, law,
}: PanelProperties & { numbers: MagnitudeNumbers | null; law: string }) {
  const width = numbers?.bin_width ?? 0.1;
  const bins = useMemo(() => binned(columns.magnitude, chosen, width), [columns, chosen, width]);
  const sums = useMemo(() => atLeast(bins.counts), [bins]);
  const x = useMemo<Axis>(() => {
    const [low, high] = roomy([bins.low, bins.low + width * Math.max(1, sums.length)]);
    return { low, high, label: text.magnitudeAxis, kind: "number" };
  }, [bins, sums, width]);
  const y = useMemo<Axis>(() => {
    const high = Math.log10(Math.max(10, (sums[0] ?? 1) * 1.4));
    return { low: -0.15, high, label: text.countAxis, kind: "log" };
  }, [sums]);
  const paint = useCallback(
    (plot: Plot) => {
      bins.counts.forEach((count, i) => {
        if (count === 0) return;
        const from = bins.low + i * width;
        plot.bar(from, plot.y.low, from + width, Math.log10(count), plot.colours.bar);
      });
      sums.forEach((sum, i) => {
        if (sum > 0) plot.dot(bins.low + (i + 0.5) * width, Math.log10(sum), plot.colours.chosen);
      });
      paintLaw(plot, bins.low, width, sums, numbers);
    },
    [bins, sums, width, numbers],
  );
  return (
    <Chart
      name="frequency"
      title={text.frequency}
      label={law}
      x={x}
      y={y}
      paint={paint}
      brush="x"
      onBrush={(magnitudes) => onLimit({ magnitude: rounded(magnitudes, 2) })}
    >
      <p className="note" data-law>
        <Words text={law} />
      </p>
      <p className="note muted">{text.method}</p>
    </Chart>
  );
}

function paintLaw(
  plot: Plot, low: number, width: number, sums: Uint32Array, numbers: MagnitudeNumbers | null,
): void {
  const { used_mc: mc, b } = numbers ?? {};
  if (mc == null) return;
  plot.line([[mc, plot.y.low], [mc, plot.y.high]], plot.colours.fit, 1.5, [4, 4]);
  if (b == null) return;
  const first = Math.round((mc - low - width / 2) / width);
  const count = sums[Math.max(0, first)] ?? 0;
  if (count === 0) return;
  const start = low + (Math.max(0, first) + 0.5) * width;
  const at = (m: number): [number, number] => [m, Math.log10(count) - b.b * (m - start)];
  plot.line([at(start), at(plot.x.high)], plot.colours.fit, 2);
}

/** Completeness and b in one sentence, or why they are not known. */
export function lawText(numbers: MagnitudeNumbers | null, problem: string | null = null): string {
  if (problem !== null) return problem;
  if (numbers === null) return messages.loading;
  if (numbers.used_mc === null) return text.noLaw(numbers.n);
  const spread = numbers.mc_sd === null ? "" : ` ± ${numbers.mc_sd.toFixed(2)}`;
  const mc = `${numbers.used_mc.toFixed(2)}${spread}`;
  const { b } = numbers;
  if (b === null) return text.onlyMc(mc);
  return text.law(mc, `${b.b.toFixed(2)}${b.se === null ? "" : ` ± ${b.se.toFixed(2)}`}`, b.n);
}

export function DepthSection({
  columns, mask, chosen, onLimit, section,
}: PanelProperties & { section: Section }) {
  const { alongKm, range } = useMemo(() => sectionPoints(columns, section), [columns, section]);
  const x = useMemo<Axis>(() => {
    const [low, high] = roomy(range);
    return { low, high, label: text.alongAxis[section.kind], kind: "number" };
  }, [range, section.kind]);
  const y = useDepthAxis(columns);
  const paint = useCallback((plot: Plot) => plot.points(alongKm, columns.depthKm, mask), [alongKm, columns, mask]);
  return (
    <Chart
      name="section"
      title={text.section}
      label={text.sectionLabel(chosen.length)}
      x={x}
      y={y}
      paint={paint}
      brush="y"
      onBrush={(_, depths) => onLimit({ depth: rounded(depths, 1) })}
    />
  );
}

const useDepthAxis = (columns: Columns): Axis =>
  useMemo(() => {
    const [low, high] = roomy(extent(columns.depthKm), 0.04);
    return { low, high, label: text.depthAxis, kind: "number", isTurned: true };
  }, [columns]);

export function DepthCounts({ columns, chosen, onLimit }: PanelProperties) {
  const y = useDepthAxis(columns);
  const bins = useMemo(
    () => binned(columns.depthKm, chosen, roundWidth(y.low, y.high, 30)),
    [columns, chosen, y],
  );
  const x = useMemo<Axis>(
    () => ({ low: 0, high: Math.max(1, ...bins.counts) * 1.05, label: text.countAxis, kind: "number" }),
    [bins],
  );
  const paint = useCallback(
    (plot: Plot) =>
      bins.counts.forEach((count, i) => {
        const from = bins.low + i * bins.width;
        if (count > 0) plot.bar(0, from, count, from + bins.width, plot.colours.bar);
      }),
    [bins],
  );
  return (
    <Chart
      name="depths"
      title={text.depths}
      label={text.depthsLabel(chosen.length)}
      x={x}
      y={y}
      paint={paint}
      brush="y"
      onBrush={(_, depths) => onLimit({ depth: rounded(depths, 1) })}
    />
  );
}

/** The first and last time of some events, as text. */
export const timesText = (firstS: number | null, lastS: number | null): string =>
  firstS === null || lastS === null ? "–" : `${utc(firstS * 1000)} – ${utc(lastS * 1000)}`;
