import { expect, it } from "vitest";

import type { StationHealth } from "../api/types";
import { boundsOf, lastSampleOf, stateOf } from "./content";

const NOW = Date.parse("2010-05-27T16:30:00Z");

it("tells a station's state by the age of its data", () => {
  expect(stateOf("2010-05-27T16:29:50Z", NOW)).toBe("current");
  expect(stateOf("2010-05-27T16:29:00Z", NOW)).toBe("late");
  expect(stateOf("2010-05-27T16:20:00Z", NOW)).toBe("silent");
  expect(stateOf(null, NOW)).toBe("none");
  expect(stateOf("2010-05-27T16:20:00Z", null)).toBe("stored");
});

it("takes the newest instrument of a station, and no other station that begins alike", () => {
  const health = [
    { trace_id: "BW.UH1..SH", last_sample: "2010-05-27T16:20:00Z" },
    { trace_id: "BW.UH1..EH", last_sample: "2010-05-27T16:21:00Z" },
    { trace_id: "BW.UH12..EH", last_sample: "2010-05-27T16:29:00Z" },
  ] as StationHealth[];
  expect(lastSampleOf("BW.UH1", health)).toBe("2010-05-27T16:21:00Z");
  expect(lastSampleOf("BW.UH", health)).toBeNull();
});

it("bounds points and polygons, across the 180th meridian too", () => {
  const features = (geometries: GeoJSON.Geometry[]): GeoJSON.FeatureCollection => ({
    type: "FeatureCollection",
    features: geometries.map((geometry) => ({ type: "Feature", geometry, properties: {} })),
  });
  const ring = [[10, 48], [11, 48], [11, 49], [10, 48]];
  const box = boundsOf([
    features([{ type: "Point", coordinates: [12, 47] }]),
    features([{ type: "MultiPolygon", coordinates: [[ring]] }]),
  ]);
  expect(box).toEqual([10, 47, 12, 49]);
  const fiji = features([
    { type: "Point", coordinates: [179, -17] },
    { type: "Point", coordinates: [-179, -18] },
  ]);
  expect(boundsOf([fiji])).toEqual([179, -18, 181, -17]);
  expect(boundsOf([features([])])).toBeNull();
});
