/** Where the events of a catalogue lie, also across 180 degrees. */

import { boundsOf } from "../map/content";
import type { Columns } from "./columns";

/** West, south, east, north of the events with a place, the east above 180 where they go across it. */
export function eventBounds({ longitude, latitude, n }: Columns): [number, number, number, number] | null {
  const coordinates: [number, number][] = [];
  for (let i = 0; i < n; i += 1) {
    const [x, y] = [longitude[i]!, latitude[i]!];
    if (!Number.isNaN(x) && !Number.isNaN(y)) coordinates.push([x, y]);
  }
  const geometry: GeoJSON.MultiPoint = { type: "MultiPoint", coordinates };
  return boundsOf([{ type: "FeatureCollection", features: [{ type: "Feature", properties: {}, geometry }] }]);
}

/** The middle of those events; longitude and latitude 0 where there are none. */
export function eventMiddle(columns: Columns): [longitude: number, latitude: number] {
  const [west, south, east, north] = eventBounds(columns) ?? [0, 0, 0, 0];
  return [(west + east) / 2, (south + north) / 2];
}
