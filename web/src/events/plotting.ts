/** What the plots of an event draw: pure functions of numbers. */

import type { EventSummary, Posterior, VersionRow } from "../api/types";
import { reachOf } from "../traces/rowData";

const KM_PER_DEGREE = 111.195;

/** Whole numbers of steps that fill a range with about as many ticks as are wanted. */
export function ticksOf(low: number, high: number, wanted = 6): number[] {
  if (!(high > low)) return [low];
  const rough = (high - low) / wanted;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((one) => one * power).find((one) => one >= rough) ?? rough;
  const first = Math.ceil(low / step);
  const count = Math.floor(high / step) - first + 1;
  return Array.from({ length: count }, (_, index) => Number(((first + index) * step).toPrecision(8)));
}

interface Bins {
  start: string;
  bin_s: number;
  minimum: (number | null)[];
  maximum: (number | null)[];
}

/** The mean level of a record and its largest distance from it; null where nothing is known. */
export function levelOf(bins: Bins): { middle: number; reach: number } | null {
  const found = reachOf(bins.minimum, bins.maximum);
  return found && { middle: found.centre, reach: found.amplitude || 1 };
}

/** The path of a record: down and up in each bin, broken where nothing was recorded. */
export function recordPath(
  bins: Bins,
  xOf: (timeMs: number) => number,
  yOf: (value: number) => number,
): string {
  const startMs = Date.parse(bins.start);
  let path = "";
  let isDrawn = false;
  bins.minimum.forEach((low, index) => {
    const high = bins.maximum[index] ?? null;
    if (low === null || high === null) {
      isDrawn = false;
      return;
    }
    const x = xOf(startMs + (index + 0.5) * bins.bin_s * 1000).toFixed(1);
    const [lowest, highest] = [yOf(low).toFixed(1), yOf(high).toFixed(1)];
    path += `${isDrawn ? "L" : "M"}${x} ${lowest}${lowest === highest ? "" : `L${x} ${highest}`}`;
    isDrawn = true;
  });
  return path;
}

/** A place relative to another one, km to the east and to the north. */
export function offsetKm(
  from: { longitude: number; latitude: number },
  to: { longitude: number; latitude: number },
): [east: number, north: number] {
  const turned = ((to.longitude - from.longitude + 540) % 360) - 180;
  const shrunk = Math.cos((from.latitude * Math.PI) / 180);
  return [turned * KM_PER_DEGREE * shrunk, (to.latitude - from.latitude) * KM_PER_DEGREE];
}

export interface SectionPoint {
  /** East or north of the hypocentre, km. */
  along: number;
  depth: number;
}

export interface Section {
  draws: SectionPoint[];
  neighbours: (SectionPoint & { event: EventSummary })[];
  /** Half its width, and its depths, km; the scale of both is the same. */
  half: number;
  top: number;
}

const MOST_DRAWS = 500;
/** So many neighbours are made room for, unless that makes the sections so many times wider. */
const [NEAREST, FARTHEST] = [10, 4];

/** Cross sections from west to east and from south to north through the hypocentre. */
export function sectionsOf(
  event: EventSummary,
  posterior: Posterior | null,
  events: readonly EventSummary[],
): [Section, Section] {
  const samples = posterior?.samples ?? null;
  const every = Math.max(1, Math.ceil((samples?.longitude.length ?? 0) / MOST_DRAWS));
  const draws: [number, number, number][] = [];
  samples?.longitude.forEach((longitude, index) => {
    if (index % every !== 0) return;
    const [east, north] = offsetKm(event, { longitude, latitude: samples.latitude[index]! });
    draws.push([east, north, samples.depth_km[index]!]);
  });
  const others = events.filter((one) => one.event_id !== event.event_id && one.kind !== "cancel");
  const [half, top] = frameOf(event, draws, others);
  const near = others.filter((one) => one.depth_km <= top + 2 * half);
  const bottom = top + 2 * half;
  const made = ([0, 1] as const).map((axis): Section => ({
    half,
    top,
    draws: draws
      .filter((one) => Math.abs(one[axis]!) <= half && one[2] >= top && one[2] <= bottom)
      .map((one) => ({ along: one[axis]!, depth: one[2] })),
    neighbours: near.flatMap((one) => {
      const [east, north] = offsetKm(event, one);
      if (Math.max(Math.abs(east), Math.abs(north)) > half || one.depth_km < top) return [];
      return [{ along: axis === 0 ? east : north, depth: one.depth_km, event: one }];
    }),
  }));
  return [made[0]!, made[1]!];
}

/** Half the width and the top of sections: the draws, and the nearest events that are not far. */
function frameOf(
  event: EventSummary,
  draws: readonly [number, number, number][],
  others: readonly EventSummary[],
): [number, number] {
  const share = (values: number[]) =>
    values.sort((a, b) => a - b)[Math.floor(0.98 * (values.length - 1))] ?? 0;
  const sideward = share(draws.map(([east, north]) => Math.max(Math.abs(east), Math.abs(north))));
  const downward = share(draws.map((one) => Math.abs(one[2] - event.depth_km)));
  const own = Math.max(2, 1.3 * sideward, 1.3 * downward, 3 * event.depth_sd_km);
  const nearest = others
    .map((one) => {
      const [east, north] = offsetKm(event, one);
      return Math.max(Math.abs(east), Math.abs(north), Math.abs(one.depth_km - event.depth_km));
    })
    .filter((away) => 1.1 * away <= FARTHEST * own)
    .sort((a, b) => a - b)
    .slice(0, NEAREST);
  const half = Math.max(own, 1.1 * (nearest.at(-1) ?? 0));
  return [half, Math.max(-2, event.depth_km - half)];
}

export interface VersionChange {
  movedKm: number;
  deeperKm: number;
  magnitude: number | null;
  picks: number;
}

/** What a version changed, against the one before it. */
export function changeOf(before: VersionRow, now: VersionRow): VersionChange {
  const [east, north] = offsetKm(before, now);
  return {
    movedKm: Math.hypot(east, north),
    deeperKm: now.depth_km - before.depth_km,
    magnitude:
      before.magnitude === null || now.magnitude === null ? null : now.magnitude - before.magnitude,
    picks: now.n_picks - before.n_picks,
  };
}

/** Arrivals as a table that other programs read. */
export function arrivalsCsv(arrivals: readonly Record<string, unknown>[]): string {
  const names = [
    ...["network", "station", "location", "phase", "time", "sigma_s", "probability"],
    ...["distance_km", "azimuth_deg", "residual_s", "inlier_probability"],
  ];
  const rows = arrivals.map((one) => names.map((name) => String(one[name] ?? "")).join(","));
  return `${[names.join(","), ...rows].join("\n")}\n`;
}

/** The version that an address names, or null for the latest one. */
export function versionOf(hash: string): number | null {
  const found = /^#\/events\/[^/]+\/(\d{1,6})$/.exec(hash);
  return found === null ? null : Number(found[1]);
}
