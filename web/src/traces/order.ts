/** In which order rows stand: by name, or by distance from an earthquake. */

import type { EventSummary, StationInfo } from "../api/types";
import { stationOf } from "./selection";

export type Order = "name" | "distance";

const EARTH_KM = 6371.0;
const radians = (degrees: number): number => (degrees * Math.PI) / 180;

/** Distance over the ground of a sphere, km. */
export function distanceKm(
  one: { longitude: number; latitude: number },
  other: { longitude: number; latitude: number },
): number {
  const [a, b] = [radians(one.latitude), radians(other.latitude)];
  const east = radians(other.longitude - one.longitude) / 2;
  const root = Math.sqrt(Math.sin((b - a) / 2) ** 2 + Math.cos(a) * Math.cos(b) * Math.sin(east) ** 2);
  return 2 * EARTH_KM * Math.asin(Math.min(1, root));
}

/** Distance of each station from an event by its code; empty without an event. */
export function distances(stations: StationInfo[], event: EventSummary | undefined): Map<string, number> {
  if (event === undefined) return new Map();
  return new Map(stations.map((one) => [one.code, distanceKm(one, event)]));
}

/** Return traces in order; those of unknown distance come last. */
export function ordered(traces: string[], order: Order, byStation: ReadonlyMap<string, number>): string[] {
  const sorted = [...traces].sort();
  if (order === "name") return sorted;
  const far = (id: string) => byStation.get(stationOf(id)) ?? Infinity;
  return sorted.sort((a, b) => {
    const difference = far(a) - far(b);
    return Number.isNaN(difference) ? 0 : difference; // both unknown: by name, as they are
  });
}
