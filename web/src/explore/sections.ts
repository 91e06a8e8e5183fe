/** Where events lie along a line across the map, and how far beside it. */

import { eventMiddle } from "./bounds";
import { extent, type Columns } from "./columns";
import { nearest, type Section } from "./filters";

const KM_A_DEGREE = 111.195;

export interface SectionPoints {
  /** Along the line, km; NaN where an event is too far beside it. */
  alongKm: Float32Array;
  /** From where to where it goes, km. */
  range: [number, number];
}

/** Distances on a plane that touches the middle: good to a percent over some hundred km. */
export function sectionPoints(columns: Columns, section: Section): SectionPoints {
  const isLine = section.kind === "line";
  const [longitude0, latitude0] = isLine ? section.from : eventMiddle(columns);
  const shrink = Math.cos((latitude0 * Math.PI) / 180);
  const eastOf = (longitude: number): number =>
    (nearest(longitude, longitude0) - longitude0) * KM_A_DEGREE * shrink;
  const northOf = (latitude: number): number => (latitude - latitude0) * KM_A_DEGREE;
  const east = isLine ? eastOf(section.to[0]) : section.kind === "ew" ? 1 : 0;
  const north = isLine ? northOf(section.to[1]) : section.kind === "ew" ? 0 : 1;
  const length = Math.hypot(east, north) || 1;
  const [ux, uy] = [east / length, north / length];
  const alongKm = new Float32Array(columns.n);
  for (let i = 0; i < columns.n; i += 1) {
    const [x, y] = [eastOf(columns.longitude[i]!), northOf(columns.latitude[i]!)];
    const along = x * ux + y * uy;
    const isOff = isLine && (Math.abs(y * ux - x * uy) > section.halfWidthKm || along < 0 || along > length);
    alongKm[i] = isOff ? NaN : along;
  }
  return { alongKm, range: isLine ? [0, length] : (extent(alongKm) ?? [0, 1]) };
}
