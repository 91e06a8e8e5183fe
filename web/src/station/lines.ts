/** A helicorder's lines: which time each holds, and how high its record is drawn. */

import { reachOf } from "../traces/rowData";
import type { Bins } from "./client";

export interface Line {
  startMs: number;
  endMs: number;
  /** Numbers of its bins. */
  first: number;
  pastLast: number;
  /** Mean of its bins' middles, and greatest distance from it; null without data. */
  centre: number | null;
  peak: number;
}

/** The time that a helicorder covers: whole lines, up to the newest data or around a window in the past. */
export function helicorderSpan(
  newestMs: number,
  windowEndMs: number,
  hours: number,
  lineMin: number,
): { startMs: number; endMs: number } {
  const lineMs = lineMin * 60_000;
  const lengthMs = hours * 3_600_000;
  const pastLine = (timeMs: number) => Math.ceil(timeMs / lineMs) * lineMs;
  const newestEnd = pastLine(newestMs);
  const isNear = windowEndMs > newestEnd - lengthMs;
  const endMs = isNear ? newestEnd : Math.min(newestEnd, pastLine(windowEndMs + lengthMs / 2));
  return { startMs: endMs - lengthMs, endMs };
}

export function linesOf(bins: Bins | null, startMs: number, endMs: number, lineMin: number): Line[] {
  const lineMs = lineMin * 60_000;
  const lines: Line[] = [];
  for (let at = startMs; at < endMs; at += lineMs) {
    const binOf = (timeMs: number) =>
      bins === null
        ? 0
        : Math.min(bins.maximum.length, Math.max(0, Math.round((timeMs - bins.startMs) / bins.binMs)));
    const [first, pastLast] = [binOf(at), binOf(at + lineMs)];
    const reach = bins && reachOf(bins.minimum, bins.maximum, first, pastLast);
    const [centre, peak] = [reach?.centre ?? null, reach?.amplitude ?? 0];
    lines.push({ startMs: at, endMs: at + lineMs, first, pastLast, centre, peak });
  }
  return lines;
}

/** Amplitude that fills a line: most bins stay well inside, and an earthquake may reach into others. */
export function usualAmplitude(bins: Bins): number {
  const sizes = [];
  for (let bin = 0; bin < bins.maximum.length; bin += 1) {
    const size = (bins.maximum[bin]! - bins.minimum[bin]!) / 2;
    if (!Number.isNaN(size)) sizes.push(size);
  }
  if (sizes.length === 0) return 1;
  sizes.sort((a, b) => a - b);
  return Math.max(2.5 * sizes[Math.floor(0.9 * (sizes.length - 1))]!, 1e-9);
}
