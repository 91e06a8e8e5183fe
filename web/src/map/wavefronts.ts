/** How far P and S of an event have come at a time, and when they come to a place. */

import type { TravelTimes } from "../api/types";

export interface Place {
  longitude: number;
  latitude: number;
}

const EARTH_KM = 6371.0088;
const RADIANS = Math.PI / 180;
const N_CORNERS = 96;
/** Events older than this in the time of the data have no fronts any more. */
export const RECENT_S = 300;

/** Great-circle distance in km. */
export function distanceKm(one: Place, other: Place): number {
  const [a, b] = [one.latitude * RADIANS, other.latitude * RADIANS];
  const half = Math.sin((b - a) / 2) ** 2 +
    Math.cos(a) * Math.cos(b) * Math.sin(((other.longitude - one.longitude) * RADIANS) / 2) ** 2;
  return 2 * EARTH_KM * Math.asin(Math.sqrt(Math.min(1, half)));
}

/** The value between two columns that both grow; null outside them. */
export function between(xs: readonly number[], ys: readonly number[], x: number): number | null {
  if (!(x >= xs[0]!) || x > xs.at(-1)!) return null;
  let [low, high] = [0, xs.length - 1];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (xs[middle]! <= x) low = middle;
    else high = middle;
  }
  const share = xs[high]! > xs[low]! ? (x - xs[low]!) / (xs[high]! - xs[low]!) : 0;
  return ys[low]! + share * (ys[high]! - ys[low]!);
}

/** Radius of a front in km; null before it comes up, and beyond the table. */
export const radiusKm = (times: TravelTimes, phase: "P" | "S", ageS: number): number | null =>
  between(phase === "P" ? times.p_s : times.s_s, times.distance_km, ageS);

/** Travel time to a distance in s; null beyond the table. */
export const travelS = (times: TravelTimes, phase: "P" | "S", km: number): number | null =>
  between(times.distance_km, phase === "P" ? times.p_s : times.s_s, km);

/** A circle on the Earth; across the 180th meridian its longitudes run on. */
export function circle(centre: Place, km: number): [number, number][] {
  const [latitude, arc] = [centre.latitude * RADIANS, km / EARTH_KM];
  return Array.from({ length: N_CORNERS + 1 }, (_, index) => {
    const bearing = (2 * Math.PI * index) / N_CORNERS;
    const north = Math.asin(
      Math.sin(latitude) * Math.cos(arc) + Math.cos(latitude) * Math.sin(arc) * Math.cos(bearing),
    );
    const east = Math.atan2(
      Math.sin(bearing) * Math.sin(arc) * Math.cos(latitude),
      Math.cos(arc) - Math.sin(latitude) * Math.sin(north),
    );
    return [centre.longitude + east / RADIANS, north / RADIANS];
  });
}

/** The fronts of an event as lines, each with its phase. */
export function fronts(centre: Place, times: TravelTimes, ageS: number): GeoJSON.FeatureCollection {
  const features = (["P", "S"] as const).flatMap((phase): GeoJSON.Feature[] => {
    const km = radiusKm(times, phase, ageS);
    if (km === null || km <= 0) return [];
    return [
      {
        type: "Feature",
        properties: { phase },
        geometry: { type: "LineString", coordinates: circle(centre, km) },
      },
    ];
  });
  return { type: "FeatureCollection", features };
}

/** When a phase comes to a place: seconds from now, negative once it has passed, with its error. */
export interface Coming {
  inS: number;
  sdS: number;
}

interface Source extends Place {
  timeSdS: number;
  horizontalSdKm: number;
}

/** Null beyond the table of travel times. */
export function coming(
  source: Source,
  place: Place,
  times: TravelTimes,
  phase: "P" | "S",
  ageS: number,
): Coming | null {
  const km = distanceKm(source, place);
  const travel = travelS(times, phase, km);
  if (travel === null) return null;
  const further = travelS(times, phase, km + source.horizontalSdKm) ?? travel;
  return { inS: travel - ageS, sdS: Math.hypot(source.timeSdS, further - travel) };
}

/** Whether an event's fronts are still worth showing. */
export const isRecent = (ageS: number): boolean => ageS >= 0 && ageS <= RECENT_S;

/** What the time of the data is between two tellings of it, from its pace so far. */
export class DataClock {
  private toldMs: number | null = null;
  private atMs = 0;
  private pace = 1;

  /** Take up that the data have come to a time, as it was told at a moment of this machine. */
  tell(dataMs: number, atMs: number): void {
    if (this.toldMs !== null && dataMs === this.toldMs) return;
    if (this.toldMs !== null && atMs > this.atMs && dataMs > this.toldMs) {
      this.pace = Math.min(100, (dataMs - this.toldMs) / (atMs - this.atMs));
    }
    this.toldMs = dataMs;
    this.atMs = atMs;
  }

  /** Runs on for two seconds at most: a replay that has ended stands still. */
  at(nowMs: number): number | null {
    if (this.toldMs === null) return null;
    return this.toldMs + this.pace * Math.min(2000, Math.max(0, nowMs - this.atMs));
  }
}
