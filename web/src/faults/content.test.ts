import { expect, it } from "vitest";

import type { FaultProfile, FaultWindow } from "../api/types";
import { edges, efficiencyColour, faultLines, tracesOf } from "./content";

const trace = { type: "LineString", coordinates: [[1, 2], [3, 4]] };
const window = (distance_along_km: number) => ({ distance_along_km, ke: 0.5, line: [[1, 2], [3, 4]] }) as FaultWindow;

it("finds lines in any GeoJSON object and nothing else", () => {
  const features = [
    { type: "Feature", geometry: trace, properties: {} },
    { type: "Feature", geometry: null, properties: {} },
    { type: "Feature", geometry: { type: "Point", coordinates: [0, 0] }, properties: {} },
  ];
  expect(tracesOf({ type: "FeatureCollection", features })).toHaveLength(1);
  expect(tracesOf({ type: "GeometryCollection", geometries: [trace, trace] })).toHaveLength(2);
  expect(tracesOf(trace)).toHaveLength(1);
  expect(tracesOf(null)).toEqual([]);
  expect(tracesOf("fault")).toEqual([]);
});

it("draws pieces above the traces, and nothing without a place on Earth", () => {
  const profile = { has_place: true, windows: [window(1), window(2)] } as FaultProfile;
  const drawn = faultLines(profile, trace).features;
  expect(drawn.map((one) => one.properties?.["ke"])).toEqual([undefined, 0.5, 0.5]);
  expect(faultLines({ ...profile, has_place: false }, trace).features).toEqual([]);
});

it("gives each window the space up to half way to its neighbours", () => {
  expect(edges([window(2), window(4), window(8)], 1)).toEqual([1, 3, 6, 9]);
  expect(edges([window(2)], 1)).toEqual([1, 3]);
});

it("mixes colours between the three that are given", () => {
  const colours = ["#000000", "#ff0000", "#ffffff"] as const;
  expect(efficiencyColour(-1, colours)).toBe("rgb(0, 0, 0)");
  expect(efficiencyColour(0.25, colours)).toBe("rgb(128, 0, 0)");
  expect(efficiencyColour(0.5, colours)).toBe("rgb(255, 0, 0)");
  expect(efficiencyColour(2, colours)).toBe("rgb(255, 255, 255)");
});
