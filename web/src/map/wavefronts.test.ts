import { expect, it } from "vitest";

import { placeOf } from "./place";
import { normalShare, shakingCells } from "./shakingCells";
import type { ShakingMap } from "../api/types";
import { circle, coming, DataClock, distanceKm, fronts, isRecent, radiusKm, type Place } from "./wavefronts";

// a source at 10 km depth in a half-space of 6 and 3.5 km/s
const KM = Array.from({ length: 81 }, (_, index) => 1000 * (index / 80) ** 2);
const times = (speed: number) => KM.map((km) => Math.hypot(km, 10) / speed);
const TIMES = { model: "constant:6,3.5", depth_km: 10, distance_km: KM, p_s: times(6), s_s: times(3.5) };
const SOURCE = { longitude: 179.5, latitude: 40, timeSdS: 0.3, horizontalSdKm: 3.5 };

it("knows distances along great circles", () => {
  expect(distanceKm({ longitude: 0, latitude: 0 }, { longitude: 90, latitude: 0 })).toBeCloseTo(10007.56, 1);
  expect(distanceKm(SOURCE, { longitude: -179.5, latitude: 40 })).toBeCloseTo(85.18, 1);
});

it("has no front before it comes up, then circles with the radius of the times", () => {
  expect(radiusKm(TIMES, "P", 1)).toBeNull();
  expect(radiusKm(TIMES, "P", 20)).toBeCloseTo(Math.sqrt(120 ** 2 - 100), 0);
  expect(radiusKm(TIMES, "P", 1e4)).toBeNull();
  const lines = fronts(SOURCE, TIMES, 20).features;
  expect(lines.map((one) => one.properties?.["phase"])).toEqual(["P", "S"]);
  const line = (lines[1]!.geometry as GeoJSON.LineString).coordinates;
  const radii = line.map(([longitude, latitude]) => distanceKm(SOURCE, { longitude: longitude!, latitude: latitude! }));
  for (const one of radii) expect(one).toBeCloseTo(Math.sqrt(70 ** 2 - 100), 0);
  expect(circle(SOURCE, 100)[24]![0]).toBeGreaterThan(180); // it does not jump across the map
});

it("tells when a phase comes, with the error of origin time and place", () => {
  const place: Place = { longitude: 179.5, latitude: 41 };
  const s = coming(SOURCE, place, TIMES, "S", 20)!;
  expect(s.inS).toBeCloseTo(Math.hypot(111.195, 10) / 3.5 - 20, 1);
  expect(s.sdS).toBeCloseTo(Math.hypot(0.3, 1), 1);
  expect(coming(SOURCE, place, TIMES, "P", 20)!.inS).toBeLessThan(0);
  expect(coming(SOURCE, { longitude: 0, latitude: 0 }, TIMES, "S", 20)).toBeNull();
  expect([-1, 0, 300, 301].map(isRecent)).toEqual([false, true, true, false]);
});

it("runs with the pace of the data, and stands still when none come", () => {
  const clock = new DataClock();
  expect(clock.at(0)).toBeNull();
  clock.tell(10_000, 0);
  clock.tell(20_000, 1000); // a replay at ten times
  clock.tell(20_000, 1400);
  expect(clock.at(1500)).toBe(25_000);
  expect(clock.at(60_000)).toBe(40_000);
});

it("reads a place that was kept, and nothing else", () => {
  expect(placeOf("[11.5, 48]")).toEqual({ longitude: 11.5, latitude: 48 });
  for (const wrong of [null, "", "[200, 1]", '["1", 2]', "{}"]) expect(placeOf(wrong)).toBeNull();
});

it("maps shaking as median, spread and probability of exceedance", () => {
  const map = {
    measures: ["ln_pga"],
    site_longitude: [10, 11],
    site_latitude: [45],
    mean: [[Math.log(0.1), Math.log(0.4)]],
    sd: [[0.5, 0.7]],
    is_extrapolated: [0, 1],
  } as unknown as ShakingMap;
  const colours = ["#000000", "#808080", "#ffffff"] as const;
  const median = shakingCells(map, "ln_pga", "median", 0, colours);
  expect([median.low, median.high].map((one) => Number(one.toFixed(6)))).toEqual([0.1, 0.4]);
  expect(median.cells.features.map((one) => one.properties?.["opacity"])).toEqual([0.7, 0.3]);
  expect(shakingCells(map, "ln_pga", "spread", 0, colours).high).toBeCloseTo(Math.exp(0.7));
  const chances = shakingCells(map, "ln_pga", "exceedance", 0.1, colours);
  expect([chances.low, chances.high]).toEqual([0, 1]);
  expect(chances.cells.features[0]!.properties?.["colour"]).toBe("rgb(128, 128, 128)");
  expect([normalShare(0), normalShare(1), normalShare(-2)].map((one) => one.toFixed(4))).toEqual([
    "0.5000", "0.8413", "0.0228",
  ]);
});
