/** Numbers and counts of the events that are chosen. */

import type { Columns } from "./columns";

export interface Bins {
  low: number;
  width: number;
  counts: Uint32Array;
}

/** Count the chosen values in bins whose edges are multiples of the width. */
export function binned(values: Float32Array, chosen: Uint32Array, width: number): Bins {
  let [low, high] = [Infinity, -Infinity];
  for (const i of chosen) {
    const value = values[i]!;
    if (value < low) low = value;
    if (value > high) high = value;
  }
  if (low > high) return { low: 0, width, counts: new Uint32Array(0) };
  // half a bin below, so that rounded values lie in the middle of theirs
  const first = Math.floor(low / width + 0.5 + 1e-4);
  const counts = new Uint32Array(Math.floor(high / width + 0.5 + 1e-4) - first + 1);
  for (const i of chosen) {
    const value = values[i]!;
    if (!Number.isNaN(value)) counts[Math.floor(value / width + 0.5 + 1e-4) - first]! += 1;
  }
  return { low: (first - 0.5) * width, width, counts };
}

/** How many lie in a bin or above it. */
export function atLeast(counts: Uint32Array): Uint32Array {
  const sums = new Uint32Array(counts.length);
  let sum = 0;
  for (let i = counts.length - 1; i >= 0; i -= 1) {
    sum += counts[i]!;
    sums[i] = sum;
  }
  return sums;
}

/** A round width that gives about as many bins as are wanted. */
export function roundWidth(low: number, high: number, wanted: number): number {
  const rough = Math.max(1e-6, (high - low) / wanted);
  const power = 10 ** Math.floor(Math.log10(rough));
  return power * ([1, 2, 5, 10].find((one) => one * power >= rough) ?? 10);
}

export interface Summary {
  count: number;
  firstS: number | null;
  lastS: number | null;
  largest: number | null;
  /** Where the largest stands in the columns. */
  largestAt: number | null;
  medianDepthKm: number | null;
  /** Events a day between the first and the last. */
  perDay: number | null;
  withoutMagnitude: number;
}

export function summaryOf(columns: Columns, chosen: Uint32Array): Summary {
  const depths: number[] = [];
  let [largestAt, withoutMagnitude]: [number | null, number] = [null, 0];
  for (const i of chosen) {
    const magnitude = columns.magnitude[i]!;
    if (Number.isNaN(magnitude)) withoutMagnitude += 1;
    else if (largestAt === null || magnitude > columns.magnitude[largestAt]!) largestAt = i;
    const depth = columns.depthKm[i]!;
    if (!Number.isNaN(depth)) depths.push(depth);
  }
  const sorted = Float32Array.from(depths).sort();
  const [first, last] = [chosen[0], chosen[chosen.length - 1]];
  const [firstS, lastS] = [first, last].map((one) => (one === undefined ? null : columns.timeS[one]!));
  const days = firstS === null || lastS === null ? 0 : (lastS! - firstS!) / 86_400;
  return {
    count: chosen.length,
    firstS: firstS ?? null,
    lastS: lastS ?? null,
    largest: largestAt === null ? null : columns.magnitude[largestAt]!,
    largestAt,
    medianDepthKm: sorted.length === 0 ? null : sorted[sorted.length >> 1]!,
    perDay: days > 0 ? chosen.length / days : null,
    withoutMagnitude,
  };
}
