/** What a fault's profile shows on the map, and what its chart is drawn from. */

import type { FaultProfile, FaultWindow } from "../api/types";

const LINES = ["LineString", "MultiLineString"];

/** Pieces of the fault with their efficiency, above the traces that were sent. */
export function faultLines(profile: FaultProfile, sent: unknown): GeoJSON.FeatureCollection {
  if (!profile.has_place) return { type: "FeatureCollection", features: [] };
  const pieces = profile.windows.map((one) => line(one.line, { ke: one.ke }));
  return { type: "FeatureCollection", features: [...tracesOf(sent), ...pieces] };
}

function line(coordinates: number[][], properties: GeoJSON.GeoJsonProperties): GeoJSON.Feature {
  return { type: "Feature", properties, geometry: { type: "LineString", coordinates } };
}

/** The lines of any GeoJSON object, without their properties. */
export function tracesOf(sent: unknown): GeoJSON.Feature[] {
  const one = sent as Record<string, unknown> | null;
  if (typeof one !== "object" || one === null) return [];
  if (Array.isArray(one.features)) return one.features.flatMap(tracesOf);
  if (Array.isArray(one.geometries)) return one.geometries.flatMap(tracesOf);
  if (typeof one.geometry === "object") return tracesOf(one.geometry);
  if (!LINES.includes(String(one.type))) return [];
  return [{ type: "Feature", properties: {}, geometry: one as unknown as GeoJSON.LineString }];
}

/** Where one window's share of a profile begins and ends, km along the fault. */
export function edges(windows: FaultWindow[], halfKm: number): number[] {
  const along = windows.map((one) => one.distance_along_km);
  const between = along.slice(1).map((one, index) => (one + along[index]!) / 2);
  return [along[0]! - halfKm, ...between, along.at(-1)! + halfKm];
}

/** Mix the colours at efficiency 0, 0.5 and 1; each is #rrggbb. */
export function efficiencyColour(ke: number, colours: readonly [string, string, string]): string {
  const share = Math.min(1, Math.max(0, ke)) * 2;
  const [from, to] = share < 1 ? [colours[0], colours[1]] : [colours[1], colours[2]];
  const by = share < 1 ? share : share - 1;
  const parts = [1, 3, 5].map((at) => {
    const [a, b] = [from, to].map((one) => parseInt(one.slice(at, at + 2), 16));
    return Math.round(a! + (b! - a!) * by);
  });
  return `rgb(${parts.join(", ")})`;
}
