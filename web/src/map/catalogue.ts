/** All events as the map needs them: small records, what filters them, and how many are shown. */

import type { EventSummary } from "../api/types";

export const GRADES = ["A", "B", "C", "D"] as const;
/** Those that stand first, then those that did not happen or were withdrawn. */
export const STATES = ["preliminary", "settled", "reviewed", "rejected", "cancelled"] as const;
export type EventState = (typeof STATES)[number];
/** From this place on, states are hidden until they are asked for. */
const N_STANDING = 3;

/** What the map and its filters know of one event. */
export interface Row {
  id: string;
  version: number;
  timeMs: number;
  longitude: number;
  latitude: number;
  depthKm: number;
  magnitude: number | null;
  /** Place in the list of grades; a grade unknown here counts as the last one. */
  grade: number;
  state: EventState;
}

export interface Filters {
  leastMagnitude: number | null;
  /** Place in the list of grades: this one or better. */
  worstGrade: number;
  /** Null: all that stand. */
  state: EventState | null;
  leastDepthKm: number | null;
  mostDepthKm: number | null;
}

/** From when to when, both included, ms since 1970. */
export interface Range {
  startMs: number;
  endMs: number;
}

export const NO_FILTERS: Filters = {
  leastMagnitude: null,
  worstGrade: GRADES.length - 1,
  state: null,
  leastDepthKm: null,
  mostDepthKm: null,
};

export function rowOf(event: EventSummary): Row {
  const grade = (GRADES as readonly string[]).indexOf(event.quality);
  return {
    id: event.event_id,
    version: event.version,
    timeMs: Date.parse(event.time),
    longitude: event.longitude,
    latitude: event.latitude,
    depthKm: event.depth_km,
    magnitude: event.magnitude,
    grade: grade < 0 ? GRADES.length - 1 : grade,
    state: event.kind === "cancel" ? "cancelled" : event.status,
  };
}

export function passes(row: Row, filters: Filters): boolean {
  const { leastMagnitude, worstGrade, state, leastDepthKm, mostDepthKm } = filters;
  if (leastMagnitude !== null && !(row.magnitude !== null && row.magnitude >= leastMagnitude)) return false;
  if (row.grade > worstGrade) return false;
  if (state === null ? STATES.indexOf(row.state) >= N_STANDING : row.state !== state) return false;
  if (leastDepthKm !== null && row.depthKm < leastDepthKm) return false;
  return mostDepthKm === null || row.depthKm <= mostDepthKm;
}

/** In whole seconds, so that an event on the edge of a step of the slider is within. */
export const isWithin = (row: Row, { startMs, endMs }: Range): boolean => {
  const second = Math.round(row.timeMs / 1000);
  return second >= Math.floor(startMs / 1000) && second <= Math.ceil(endMs / 1000);
};

export const isShown = (row: Row, filters: Filters, range: Range): boolean =>
  isWithin(row, range) && passes(row, filters);

export interface Told {
  count: number;
  /** The newest of those shown, newest first. */
  newest: Row[];
}

/** Count what is shown, and find the newest of it, in one pass. */
export function tell(rows: readonly Row[], filters: Filters, range: Range, most = 8): Told {
  let count = 0;
  let newest: Row[] = [];
  let oldest = -Infinity;
  for (const row of rows) {
    if (!isShown(row, filters, range)) continue;
    count += 1;
    if (newest.length === most && row.timeMs <= oldest) continue;
    newest = [...newest, row].sort((a, b) => b.timeMs - a.timeMs).slice(0, most);
    oldest = newest.at(-1)!.timeMs;
  }
  return { count, newest };
}

/** From the first event to the last, or to now; null without any. */
export function extentOf(rows: readonly Row[], nowMs: number | null): Range | null {
  if (rows.length === 0) return null;
  let [startMs, endMs] = [Infinity, -Infinity];
  for (const { timeMs } of rows) {
    if (timeMs < startMs) startMs = timeMs;
    if (timeMs > endMs) endMs = timeMs;
  }
  if (nowMs !== null && nowMs > endMs) endMs = nowMs;
  // one event alone has no span
  return endMs - startMs < 1000 ? { startMs: startMs - 30_000, endMs: endMs + 30_000 } : { startMs, endMs };
}
