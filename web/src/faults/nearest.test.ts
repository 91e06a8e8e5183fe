import { expect, it } from "vitest";

import type { FaultProfile, FaultWindow } from "../api/types";
import { nearestOnFault } from "./nearest";

const KM = 1 / 111.195; // in degrees, at the equator

/** A fault along the equator from a longitude on, with pieces of 4.8 km around their centres. */
function profile(startDegrees: number, centresKm: number[]): FaultProfile {
  const windows = centresKm.map((centre, index) => {
    const ends = [centre - 2.4, centre, centre + 2.4];
    const line = ends.map((km) => [startDegrees + km * KM, 0]);
    return { index, ke: 0.1 * index, distance_along_km: centre, line } as FaultWindow;
  });
  return { has_place: true, pixel_m: 75, windows } as FaultProfile;
}

it("tells how far a place is from a fault and how far along it", () => {
  const found = nearestOnFault(profile(0, [2.4, 7.2, 12.0]), 8.0 * KM, 3.0 * KM)!;
  expect(found.distanceKm).toBeCloseTo(3.0, 4);
  expect(found.alongKm).toBeCloseTo(8.0, 4);
  expect(found.window.index).toBe(1);
});

it("measures from the end of a fault where the place lies beyond it", () => {
  const found = nearestOnFault(profile(0, [2.4, 7.2]), 12.6 * KM, 4.0 * KM)!;
  expect(found.distanceKm).toBeCloseTo(5.0, 2);
  expect(found.alongKm).toBeCloseTo(9.6, 4);
});

it("finds the nearest point across 180 degrees", () => {
  const found = nearestOnFault(profile(179.99, [2.4]), -180 + 2 * KM, 1.0 * KM)!;
  expect(found.distanceKm).toBeCloseTo(1.0, 4);
});

it("knows nothing of a fault without a place on Earth", () => {
  expect(nearestOnFault({ ...profile(0, [2.4]), has_place: false }, 0, 0)).toBeNull();
});
