import { expect, it } from "vitest";

import { distanceKm, ordered } from "./order";

it("measures over the ground", () => {
  // a degree of a meridian of a sphere with a radius of 6371 km
  expect(distanceKm({ longitude: 11, latitude: 48 }, { longitude: 11, latitude: 49 })).toBeCloseTo(111.19, 2);
  expect(distanceKm({ longitude: 179, latitude: 0 }, { longitude: -179, latitude: 0 })).toBeCloseTo(222.39, 2);
});

it("orders by distance, unknown ones last and by name", () => {
  const far = new Map([
    ["BW.B", 3],
    ["BW.A", 40],
  ]);
  const traces = ["XX.Z..HHZ", "BW.A..HHZ", "XX.Y..HHZ", "BW.B..HHZ", "BW.B..HHE"];
  expect(ordered(traces, "distance", far)).toEqual([
    "BW.B..HHE",
    "BW.B..HHZ",
    "BW.A..HHZ",
    "XX.Y..HHZ",
    "XX.Z..HHZ",
  ]);
  expect(ordered(traces, "name", far)[0]).toBe("BW.A..HHZ");
});
