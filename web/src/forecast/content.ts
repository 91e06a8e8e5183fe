/** What a forecast shows: chances as they may be told, tables, and the cells of its map. */

import type { Forecast, ForecastGrid, ForecastRow } from "../api/types";
import { efficiencyColour as mixed } from "../faults/content";
import { messages } from "../messages";

const text = messages.forecast;
type Colours = readonly [string, string, string];

export type MapKind = "number" | "multiple";

/** At most two significant digits, without an exponent. */
export function twoDigits(value: number): string {
  if (!(value > 0)) return "0";
  const digits = 1 - Math.floor(Math.log10(value));
  const rounded = Number(value.toPrecision(2));
  return rounded.toFixed(Math.max(0, digits)).replace(/(\.\d*?)0+$/, "$1").replace(/\.$/, "");
}

/** A chance in percent; below 1 % and above 99 % no number is told. */
export function chanceText(probability: number): string {
  if (probability < 0.01) return text.below;
  if (probability > 0.99) return text.above;
  return `${twoDigits(100 * probability)} %`;
}

export function countText(row: ForecastRow): string {
  if (row.expected_high <= 0) return "0";
  return `${twoDigits(row.expected_low)} – ${twoDigits(row.expected_high)}`;
}

/** The windows of a forecast in order, each with its rows by magnitude. */
export function windowsOf(rows: ForecastRow[]): { days: number; rows: ForecastRow[] }[] {
  const days = [...new Set(rows.map((row) => row.days))].sort((a, b) => a - b);
  return days.map((one) => ({
    days: one,
    rows: rows.filter((row) => row.days === one).sort((a, b) => a.magnitude - b.magnitude),
  }));
}

/** The row that is shown in words first: the largest magnitude whose chance may be told, in a week. */
export function firstRow(rows: ForecastRow[]): ForecastRow {
  const windows = windowsOf(rows);
  const week = (windows.find((one) => one.days === 7) ?? windows[0]!).rows;
  return [...week].reverse().find((row) => row.probability >= 0.01) ?? week[0]!;
}

const MOST_DECADES = 6;

/** Lower and upper end of what colours stand for: round numbers around all values, six decades at most. */
export function scaleOf(grid: ForecastGrid, kind: MapKind): [number, number] {
  const values = valuesOf(grid, kind).filter((one) => one !== null);
  if (values.length === 0) return [0.1, 1];
  const highest = values.reduce((a, b) => Math.max(a, b));
  const lowest = values.reduce((a, b) => Math.min(a, b));
  const low = round(Math.max(lowest, highest / 10 ** MOST_DECADES), "below");
  const high = round(highest, "above");
  return high > low ? [low, high] : [low, 10 * low]; // all the same
}

const ROUND = [1, 2, 5, 10] as const;

/** The nearest 1, 2 or 5 times a power of ten, below or above. */
function round(value: number, side: "below" | "above"): number {
  const power = 10 ** Math.floor(Math.log10(value));
  const lead = value / power;
  const near = side === "above"
    ? ROUND.find((one) => one >= lead - 1e-9) ?? 10
    : [...ROUND].reverse().find((one) => one <= lead + 1e-9) ?? 1;
  return Number((near * power).toPrecision(1));
}

/** Powers of ten as a reader writes them. */
export function shortNumber(value: number): string {
  return value >= 1e-6 && value <= 1000 ? String(Number(value.toPrecision(1))) : value.toExponential(0);
}

/** The value of each cell that a map shows; null where nothing is expected. */
export function valuesOf(grid: ForecastGrid, kind: MapKind): (number | null)[] {
  return grid.expected.map((value, index) => {
    if (value <= 0) return null;
    if (kind === "number") return value;
    const usual = grid.reference[index]!;
    return usual > 0 ? value / usual : null;
  });
}

/** Cells with their colours, and the outline of the region. */
export function cellsOf(
  forecast: Forecast,
  kind: MapKind,
  colours: Colours,
): GeoJSON.FeatureCollection {
  const grid = forecast.grid;
  if (grid === null) return { type: "FeatureCollection", features: [] };
  const [low, high] = scaleOf(grid, kind);
  const [across, up] = [stepOf(grid.longitude) / 2, stepOf(grid.latitude) / 2];
  const values = valuesOf(grid, kind);
  const cells = values.flatMap((value, index): GeoJSON.Feature[] => {
    if (value === null || value < low) return []; // more than six decades below the highest
    const x = grid.longitude[index % grid.longitude.length]!;
    const y = grid.latitude[Math.floor(index / grid.longitude.length)]!;
    const share = Math.log(value / low) / Math.log(high / low);
    return [
      {
        type: "Feature",
        properties: { kind: "cell", value, colour: mixed(share, colours) },
        geometry: { type: "Polygon", coordinates: [box(x, y, across, up)] },
      },
    ];
  });
  const outline: GeoJSON.Feature = {
    type: "Feature",
    properties: { kind: "outline" },
    geometry: {
      type: "LineString",
      coordinates: [...forecast.outline, ...forecast.outline.slice(0, 1)],
    },
  };
  return { type: "FeatureCollection", features: [...cells, outline] };
}

const stepOf = (axis: number[]): number => (axis.length > 1 ? axis[1]! - axis[0]! : 1);

const box = (x: number, y: number, across: number, up: number): [number, number][] => [
  [x - across, y - up],
  [x + across, y - up],
  [x + across, y + up],
  [x - across, y + up],
  [x - across, y - up],
];
