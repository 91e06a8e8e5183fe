import { expect, test } from "vitest";

import type { Forecast, ForecastRow } from "../api/types";
import { cellsOf, chanceText, countText, firstRow, scaleOf, twoDigits, valuesOf, windowsOf } from "./content";

const row = (magnitude: number, days: number, probability: number, more = {}): ForecastRow =>
  ({ magnitude, days, probability, expected_low: 0, expected_high: 0, ...more }) as ForecastRow;

const ROWS = [row(5, 7, 0.04), row(3, 7, 0.9), row(3, 1, 0.5), row(7, 7, 0.001), row(5, 1, 0.006)];
const FORECAST = {
  outline: [[10, 45], [12, 45], [12, 47], [10, 47]],
  rows: ROWS,
  grid: {
    longitude: [10.5, 11.5],
    latitude: [45.5, 46.5],
    days: 1,
    expected: [0, 2e-3, 3e-9, 0.05],
    reference: [0, 1e-3, 1e-3, 0],
  },
} as unknown as Forecast;
const COLOURS = ["#000000", "#808080", "#ffffff"] as const;

test("chances have at most two significant digits", () => {
  expect([0.0347, 0.27, 0.5, 0.955].map(chanceText)).toEqual(["3.5 %", "27 %", "50 %", "96 %"]);
  expect([1234, 27.4, 0.0347, 1, 0].map(twoDigits)).toEqual(["1200", "27", "0.035", "1", "0"]);
});

test("chances below 1 % and above 99 % are told as such", () => {
  expect([0, 0.0099, 0.991, 1].map(chanceText)).toEqual(["< 1 %", "< 1 %", "> 99 %", "> 99 %"]);
});

test("numbers of earthquakes are ranges", () => {
  const counts = [row(3, 1, 0.1), row(3, 1, 0.5, { expected_high: 3 })];
  counts.push(row(3, 1, 0.9, { expected_low: 12, expected_high: 345 }));
  expect(counts.map(countText)).toEqual(["0", "0 – 3", "12 – 350"]);
});

test("rows stand by window and magnitude", () => {
  const found = windowsOf(ROWS).map((one) => [one.days, ...one.rows.map((two) => two.magnitude)]);
  expect(found).toEqual([[1, 3, 5], [7, 3, 5, 7]]);
});

test("the words begin with the largest magnitude whose chance may be told", () => {
  expect([firstRow(ROWS).magnitude, firstRow(ROWS).days]).toEqual([5, 7]);
  expect(firstRow([row(6, 1, 0.001), row(5, 1, 0.002)]).magnitude).toBe(5);
});

test("cells below the scale, or without a long-term value, are left out", () => {
  expect(scaleOf(FORECAST.grid!, "number")).toEqual([5e-8, 0.05]);
  expect(scaleOf(FORECAST.grid!, "multiple")).toEqual([2e-6, 2]);
  expect(valuesOf(FORECAST.grid!, "multiple")).toEqual([null, 2, 3e-9 / 1e-3, null]);
  const kinds = (kind: "number" | "multiple") =>
    cellsOf(FORECAST, kind, COLOURS).features.map((one) => one.properties?.kind);
  expect(kinds("number")).toEqual(["cell", "cell", "outline"]);
  expect(kinds("multiple")).toEqual(["cell", "cell", "outline"]);
  const faint = { ...FORECAST, grid: { ...FORECAST.grid!, expected: [0, 2e-3, 3e-9, 50] } };
  expect(cellsOf(faint, "number", COLOURS).features).toHaveLength(3);
});

test("a scale spans what there is, in round numbers", () => {
  const grid = { ...FORECAST.grid!, expected: [0, 1.1e-3, 1.4e-3, 3e-3], reference: [0, 1e-3, 1e-3, 1e-3] };
  expect(scaleOf(grid, "multiple")).toEqual([1, 5]);
  expect(scaleOf(grid, "number")).toEqual([1e-3, 5e-3]);
  expect(scaleOf({ ...grid, expected: [0, 2, 2, 2] }, "number")).toEqual([2, 20]);
  expect(scaleOf({ ...grid, expected: [0, 0, 0, 0] }, "number")).toEqual([0.1, 1]);
});

test("a cell lies around its middle, and more is nearer to the last colour", () => {
  const [first, second, outline] = cellsOf(FORECAST, "number", COLOURS).features;
  expect((first!.geometry as GeoJSON.Polygon).coordinates[0]![0]).toEqual([11, 45]);
  expect((second!.geometry as GeoJSON.Polygon).coordinates[0]![2]).toEqual([12, 47]);
  expect(first!.properties?.colour).not.toEqual(second!.properties?.colour);
  expect((outline!.geometry as GeoJSON.LineString).coordinates).toHaveLength(5);
});

test("a forecast without a grid has no map", () => {
  expect(cellsOf({ ...FORECAST, grid: null }, "number", COLOURS).features).toEqual([]);
});
