/** Where along an analysed fault a place lies nearest to, and what its efficiency is there. */

import type { FaultProfile, FaultWindow } from "../api/types";

export interface NearFault {
  /** From the place to the line along the fault. */
  distanceKm: number;
  /** Along the fault to the nearest point. */
  alongKm: number;
  window: FaultWindow;
}

const COLUMNS = 64; // of a window
const KM_PER_DEGREE = 111.195;
type Point = [number, number];

/** Return the nearest point of a profile, or null where it has no place on Earth. */
export function nearestOnFault(profile: FaultProfile, longitude: number, latitude: number): NearFault | null {
  if (!profile.has_place) return null;
  const plane = (place: number[]): Point => [
    turned(place[0]! - longitude) * KM_PER_DEGREE * Math.cos((latitude * Math.PI) / 180),
    (place[1]! - latitude) * KM_PER_DEGREE,
  ];
  let nearest: NearFault | null = null;
  profile.windows.forEach((window, number) => {
    const [first, last] = endsOf(profile, number);
    const found = nearestOnLine(window.line.map(plane));
    if (found === null || (nearest !== null && found.distance >= nearest.distanceKm)) return;
    nearest = { distanceKm: found.distance, alongKm: first + found.share * (last - first), window };
  });
  return nearest;
}

/** Where a window's piece of the fault begins and ends, as the service cuts them. */
function endsOf(profile: FaultProfile, number: number): [number, number] {
  const half = (COLUMNS * profile.pixel_m) / 2000;
  const along = (at: number): number | undefined => profile.windows[at]?.distance_along_km;
  const here = along(number)!;
  const [before, after] = [along(number - 1), along(number + 1)];
  return [
    Math.max(here - half, before === undefined ? -Infinity : (before + here) / 2),
    Math.min(here + half, after === undefined ? Infinity : (here + after) / 2),
  ];
}

/** The point of a line that is nearest to the origin: its distance, and its share of the length. */
function nearestOnLine(line: Point[]): { distance: number; share: number } | null {
  let [passed, distance, at] = [0, Infinity, 0];
  for (let end = 1; end < line.length; end += 1) {
    const [[ax, ay], [bx, by]] = [line[end - 1]!, line[end]!];
    const [dx, dy] = [bx - ax, by - ay];
    const length = Math.hypot(dx, dy);
    const share = length === 0 ? 0 : Math.min(1, Math.max(0, -(ax * dx + ay * dy) / length ** 2));
    const away = Math.hypot(ax + share * dx, ay + share * dy);
    if (away < distance) [distance, at] = [away, passed + share * length];
    passed += length;
  }
  return line.length < 2 ? null : { distance, share: passed === 0 ? 0 : at / passed };
}

/** A difference of longitudes within 180 degrees. */
const turned = (degrees: number): number => ((((degrees + 180) % 360) + 360) % 360) - 180;
