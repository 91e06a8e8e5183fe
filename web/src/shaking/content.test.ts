import { expect, test } from "vitest";

import type { ShakingMap } from "../api/types";
import { FRAME_COLOUR, hasEdge, levelsOf, linesOf, nameOfMeasure, summaryOf, unitOf } from "./content";

const contour = (measure: string, value: number) => ({
  type: "Feature",
  properties: { kind: "contour", measure, value },
  geometry: { type: "MultiLineString", coordinates: [[[10, 50], [11, 50]]] },
});

const MAP = {
  longitude: 10.5,
  latitude: 50.2,
  site_longitude: [10, 10.5, 11],
  site_latitude: [49.8, 50.2, 50.6],
  measures: ["ln_pga", "ln_pgv"],
  mean: [[-3, -2, -4], [-6, -5, -7]],
  sd: [[0.7, 0.6, 0.7], [0.8, 0.8, 0.8]],
  sd_epistemic: [[0.4, 0.3, 0.4], [0.5, 0.5, 0.5]],
  contours: {
    type: "FeatureCollection",
    features: [
      contour("ln_pga", 0.1),
      contour("ln_pga", 0.02),
      contour("ln_pgv", 0.005),
      { type: "Feature", properties: { kind: "extrapolation_edge" }, geometry: { type: "MultiLineString", coordinates: [] } },
    ],
  },
} as unknown as ShakingMap;
const COLOURS = ["#000000", "#808080", "#ffffff"] as const;

test("levels go from weak to strong, and so do their colours", () => {
  expect(levelsOf(MAP, "ln_pga", COLOURS)).toEqual([
    { value: 0.02, colour: "rgb(0, 0, 0)" },
    { value: 0.1, colour: "rgb(255, 255, 255)" },
  ]);
});

test("lines of one measure are shown, with the edge and the source where it is asked for", () => {
  const kinds = (hasSource: boolean) =>
    linesOf(MAP, "ln_pga", COLOURS, hasSource).features.map((one) => one.properties?.kind);
  expect(kinds(false)).toEqual(["contour", "contour", "contour", "extrapolation_edge"]);
  expect(kinds(true)).toEqual(["contour", "contour", "contour", "extrapolation_edge", "source"]);
});

test("the area that was computed has a frame", () => {
  const [frame] = linesOf(MAP, "ln_pga", COLOURS, false).features;
  expect(frame?.properties?.colour).toBe(FRAME_COLOUR);
  const around = (frame?.geometry as GeoJSON.LineString).coordinates;
  expect(around).toEqual([[10, 49.8], [11, 49.8], [11, 50.6], [10, 50.6], [10, 49.8]]);
});

test("an edge is told of only where one is drawn", () => {
  expect(hasEdge(MAP)).toBe(true);
  const contours = { type: "FeatureCollection", features: [contour("ln_pga", 0.1)] };
  expect(hasEdge({ ...MAP, contours } as unknown as ShakingMap)).toBe(false);
});

test("the numbers are those of the site that shakes most", () => {
  const told = summaryOf(MAP, "ln_pga");
  expect(told.strongest).toBeCloseTo(Math.exp(-2));
  expect(told.factor).toBeCloseTo(Math.exp(0.6));
  expect(told.epistemicFactor).toBeCloseTo(Math.exp(0.3));
});

test("measures have names and units", () => {
  expect(nameOfMeasure("ln_psa_0.3s")).toContain("0.3 s");
  expect(nameOfMeasure("ln_fas_5hz")).toContain("5 Hz");
  expect([unitOf("ln_pga"), unitOf("ln_pgv")]).toEqual(["m/s²", "m/s"]);
});
