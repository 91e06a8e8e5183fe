/** What a map shows, as GeoJSON made from the page's records. */

import type { EventSummary, Posterior, StationHealth, StationInfo } from "../api/types";
import type { StationState } from "./palette";

type Points = GeoJSON.FeatureCollection<GeoJSON.Point>;

export interface MapContent {
  stations: Points;
  events: Points;
  regions: GeoJSON.FeatureCollection;
  samples: Points;
  /** Megathrust segments; nothing until the reader asks for them. */
  segments: GeoJSON.FeatureCollection;
  /** Traces of a fault, and pieces of it with their efficiency `ke`. */
  faults: GeoJSON.FeatureCollection;
  /** Cells of a forecast with their `colour`, and the outline of its region. */
  forecast: GeoJSON.FeatureCollection;
  /** Lines of equal shaking with their `colour`, and the source of a scenario. */
  shaking: GeoJSON.FeatureCollection;
}

export const NOTHING: GeoJSON.FeatureCollection = { type: "FeatureCollection", features: [] };

const CURRENT_S = 30;
const LATE_S = 300;

/** How old an instrument's data are at a time; without one nothing is live, and they are stored. */
export function stateOf(lastSample: string | null, dataNowMs: number | null): StationState {
  if (lastSample === null) return "none";
  if (dataNowMs === null) return "stored";
  const ageS = (dataNowMs - Date.parse(lastSample)) / 1000;
  return ageS < CURRENT_S ? "current" : ageS < LATE_S ? "late" : "silent";
}

/** Time of the newest sample of a station, or null where none came. */
export function lastSampleOf(code: string, health: StationHealth[]): string | null {
  const times = health
    .filter((one) => one.trace_id.startsWith(`${code}.`))
    .map((one) => one.last_sample)
    .sort();
  return times.at(-1) ?? null;
}

function collection(features: GeoJSON.Feature<GeoJSON.Point>[]): Points {
  return { type: "FeatureCollection", features };
}

function point(
  longitude: number,
  latitude: number,
  properties: GeoJSON.GeoJsonProperties,
): GeoJSON.Feature<GeoJSON.Point> {
  return { type: "Feature", geometry: { type: "Point", coordinates: [longitude, latitude] }, properties };
}

export function stationPoints(
  stations: StationInfo[],
  health: StationHealth[],
  dataNowMs: number | null,
): Points {
  return collection(
    stations.map((one) =>
      point(one.longitude, one.latitude, {
        code: one.code,
        station: one.station,
        state: stateOf(lastSampleOf(one.code, health), dataNowMs),
      }),
    ),
  );
}

export function eventPoints(
  events: EventSummary[],
  nowMs: number,
  selected: string | null,
): Points {
  return collection(
    events.map((one) =>
      point(one.longitude, one.latitude, {
        event_id: one.event_id,
        magnitude: one.magnitude,
        depth_km: one.depth_km,
        age_s: (nowMs - Date.parse(one.time)) / 1000,
        is_cancelled: one.kind === "cancel",
        is_selected: one.event_id === selected,
      }),
    ),
  );
}

export function samplePoints(posterior: Posterior | null): Points {
  const samples = posterior?.samples;
  if (!samples) return collection([]);
  return collection(
    samples.longitude.map((longitude, index) => point(longitude, samples.latitude[index]!, {})),
  );
}

export function regionAreas(posterior: Posterior | null): GeoJSON.FeatureCollection {
  return (posterior?.regions ?? collection([])) as GeoJSON.FeatureCollection;
}

function positions(value: unknown, found: [number, number][] = []): [number, number][] {
  if (!Array.isArray(value)) return found;
  if (typeof value[0] === "number") found.push(value as [number, number]);
  else value.forEach((one) => positions(one, found));
  return found;
}

/**
 * Return west, south, east, north of what a map shows, or null where it shows nothing.
 *
 * Across the 180th meridian the east is above 180, so that the box stays small.
 */
export function boundsOf(
  collections: GeoJSON.FeatureCollection[],
): [number, number, number, number] | null {
  const found = collections.flatMap((one) =>
    one.features.flatMap((feature) =>
      positions("coordinates" in feature.geometry ? feature.geometry.coordinates : []),
    ),
  );
  if (found.length === 0) return null;
  let longitudes = found.map(([longitude]) => longitude);
  const turned = longitudes.map((one) => (one < 0 ? one + 360 : one));
  if (width(turned) < width(longitudes)) longitudes = turned;
  const latitudes = found.map(([, latitude]) => latitude);
  return [lowest(longitudes), lowest(latitudes), highest(longitudes), highest(latitudes)];
}

// without spreading: a posterior's outline may hold more numbers than a call takes
const lowest = (values: number[]): number => values.reduce((a, b) => Math.min(a, b));
const highest = (values: number[]): number => values.reduce((a, b) => Math.max(a, b));
const width = (values: number[]): number => highest(values) - lowest(values);
