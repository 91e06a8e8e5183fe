/** Where things stand in a record section. */

import type { EventRecords, StationRecord } from "../review/client";

export interface Row {
  one: StationRecord;
  y: number;
}

export interface Frame {
  width: number;
  height: number;
  left: number;
  /** Where the records end and the axis begins. */
  bottom: number;
  /** Half the height of a record at a gain of one. */
  half: number;
  fromS: number;
  lengthS: number;
  rows: Row[];
  xOf: (seconds: number) => number;
  secondsOf: (x: number) => number;
  isInside: (seconds: number) => boolean;
  /** The row nearest to a height, or null where there is none. */
  nearest: (y: number) => Row | null;
}

const [ROW, TRUE_ROW, LEFT, AXIS, EDGE] = [52, 40, 78, 38, 26];

export function placed(
  records: Pick<EventRecords, "stations">,
  wanted: { width: number; fromS: number; lengthS: number },
  isTrue: boolean,
): Frame {
  const { width, fromS, lengthS } = wanted;
  const count = records.stations.length;
  const high = Math.max(ROW, count * (isTrue ? TRUE_ROW : ROW));
  const far = Math.max(1, ...records.stations.map((one) => one.distance_km));
  const near = Math.min(far, ...records.stations.map((one) => one.distance_km));
  const yOf = (one: StationRecord, index: number) =>
    isTrue && far > near
      ? EDGE + ((one.distance_km - near) / (far - near)) * (high - 2 * EDGE)
      : (index + 0.5) * ROW;
  const rows = records.stations.map((one, index) => ({ one, y: yOf(one, index) }));
  const scale = (width - LEFT) / lengthS;
  return {
    width,
    height: high + AXIS,
    left: LEFT,
    bottom: high,
    half: 21,
    fromS,
    lengthS,
    rows,
    xOf: (seconds) => LEFT + (seconds - fromS) * scale,
    secondsOf: (x) => fromS + (x - LEFT) / scale,
    isInside: (seconds) => seconds >= fromS && seconds <= fromS + lengthS,
    nearest: (y) =>
      rows.reduce<Row | null>(
        (best, row) => (best === null || Math.abs(row.y - y) < Math.abs(best.y - y) ? row : best),
        null,
      ),
  };
}
