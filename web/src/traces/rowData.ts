/** The columns of one row's chart, cut from the buffers. */

import type { TraceBuffer } from "../live/traceBuffer";

export interface Reach {
  /** Middle and half height of the record, in its own unit. */
  centre: number;
  amplitude: number;
}

export const NO_REACH: Reach = { centre: 0, amplitude: 0 };

export interface RowData extends Reach {
  /** Seconds since 1970, the middle of each bin. */
  times: number[];
  lowest: (number | null)[];
  highest: (number | null)[];
  p: (number | null)[];
  s: (number | null)[];
  /** Probability that it is neither: what P and S leave of 1. */
  noise: (number | null)[];
}

export interface RowSources {
  trace: TraceBuffer;
  p?: TraceBuffer | undefined;
  s?: TraceBuffer | undefined;
  /** What was recorded before the live buffer begins. */
  past?: TraceBuffer | undefined;
}

const known = (value: number | null | undefined): number | null =>
  value == null || Number.isNaN(value) ? null : value;

/** What P and S leave of 1; null where neither is known. */
export function noiseOf(p: number | null, s: number | null): number | null {
  return p === null && s === null ? null : Math.max(0, 1 - (p ?? 0) - (s ?? 0));
}

/**
 * Return the middle of a record, the mean of its bins', and how far it reaches from there; null where nothing is known.
 *
 * A bin that is null or NaN in either is unknown; of all bins those from `first` to before `pastLast` count.
 */
export function reachOf(
  lowest: ArrayLike<number | null>,
  highest: ArrayLike<number | null>,
  first = 0,
  pastLast = lowest.length,
): Reach | null {
  let [sum, n, low, high] = [0, 0, Infinity, -Infinity];
  for (let bin = first; bin < pastLast; bin += 1) {
    const [least, most] = [known(lowest[bin]), known(highest[bin])];
    if (least === null || most === null) continue;
    sum += (least + most) / 2;
    n += 1;
    low = Math.min(low, least);
    high = Math.max(high, most);
  }
  if (n === 0) return null;
  const centre = sum / n;
  return { centre, amplitude: Math.max(high - centre, centre - low) };
}

/** Return what lies between two times, in ms since 1970; null where nothing is known. */
export function rowData({ trace, p, s, past }: RowSources, startMs: number, endMs: number): RowData {
  const grid = gridOf(trace, past, startMs, endMs);
  const first = grid.binAt(startMs);
  const count = Math.max(0, grid.binAt(endMs - 1) - first + 1);
  const row: Omit<RowData, keyof Reach> = { times: [], lowest: [], highest: [], p: [], s: [], noise: [] };
  for (let bin = first; bin < first + count; bin += 1) {
    const middleMs = (bin + 0.5) * grid.binMs;
    const [lowest, highest] = extremes(trace, past, middleMs);
    const [ofP, ofS] = [known(p?.highest(p.binAt(middleMs))), known(s?.highest(s.binAt(middleMs)))];
    row.times.push(middleMs / 1000);
    row.lowest.push(lowest);
    row.highest.push(highest);
    row.p.push(ofP);
    row.s.push(ofS);
    row.noise.push(noiseOf(ofP, ofS));
  }
  return { ...row, ...(reachOf(row.lowest, row.highest) ?? NO_REACH) };
}

/** The buffer whose bins are drawn: the coarser one where both have a part in the window. */
function gridOf(trace: TraceBuffer, past: TraceBuffer | undefined, startMs: number, endMs: number): TraceBuffer {
  if (past === undefined || trace.startMs === null || trace.startMs <= startMs) return trace;
  return trace.startMs >= endMs || past.binMs > trace.binMs ? past : trace;
}

function extremes(
  trace: TraceBuffer,
  past: TraceBuffer | undefined,
  timeMs: number,
): [number | null, number | null] {
  const bin = trace.binAt(timeMs);
  const highest = known(trace.highest(bin));
  if (highest !== null || past === undefined) return [known(trace.lowest(bin)), highest];
  const older = past.binAt(timeMs);
  return [known(past.lowest(older)), known(past.highest(older))];
}
