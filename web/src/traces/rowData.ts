/** The columns of one row's chart, cut from the buffers. */

import type { TraceBuffer } from "../live/traceBuffer";

export interface RowData {
  /** Seconds since 1970, the middle of each bin. */
  times: number[];
  lowest: (number | null)[];
  highest: (number | null)[];
  p: (number | null)[];
  s: (number | null)[];
  /** Middle and half height of the record, in its own unit. */
  centre: number;
  amplitude: number;
}

const known = (value: number | undefined): number | null =>
  value === undefined || Number.isNaN(value) ? null : value;

/** Return what lies between two times, in ms since 1970; null where nothing is known. */
export function rowData(
  trace: TraceBuffer,
  p: TraceBuffer | undefined,
  s: TraceBuffer | undefined,
  startMs: number,
  endMs: number,
): RowData {
  const first = trace.binAt(startMs);
  const count = Math.max(0, trace.binAt(endMs - 1) - first + 1);
  const row: RowData = { times: [], lowest: [], highest: [], p: [], s: [], centre: 0, amplitude: 0 };
  let [sum, n, low, high] = [0, 0, Infinity, -Infinity];
  for (let bin = first; bin < first + count; bin += 1) {
    const middleMs = (bin + 0.5) * trace.binMs;
    const [lowest, highest] = [known(trace.lowest(bin)), known(trace.highest(bin))];
    row.times.push(middleMs / 1000);
    row.lowest.push(lowest);
    row.highest.push(highest);
    row.p.push(known(p?.highest(p.binAt(middleMs))));
    row.s.push(known(s?.highest(s.binAt(middleMs))));
    if (lowest === null || highest === null) continue;
    sum += (lowest + highest) / 2;
    n += 1;
    low = Math.min(low, lowest);
    high = Math.max(high, highest);
  }
  if (n > 0) {
    row.centre = sum / n;
    row.amplitude = Math.max(high - row.centre, row.centre - low);
  }
  return row;
}
