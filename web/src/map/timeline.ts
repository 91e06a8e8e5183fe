/** A range of time that a reader moves and plays. */

import type { Range } from "./catalogue";

export const STEPS = 1000;
/** How long the whole span takes to play, s. */
export const PLAY_S = [120, 60, 20, 8] as const;

/** The range that two places from 0 to `STEPS` name. */
export function rangeAt(whole: Range, from: number, to: number): Range {
  const span = whole.endMs - whole.startMs;
  return {
    startMs: whole.startMs + (span * from) / STEPS,
    endMs: whole.startMs + (span * to) / STEPS,
  };
}

/** Move both places so that neither passes the other; the one that was moved pushes. */
export function moved(places: readonly [number, number], which: 0 | 1, to: number): [number, number] {
  const kept = Math.min(STEPS, Math.max(0, to));
  return which === 0 ? [kept, Math.max(kept, places[1])] : [Math.min(kept, places[0]), kept];
}

/**
 * The places after playing for a while, or null at the end.
 *
 * A range that begins at 0 grows; another one moves along with its length kept.
 */
export function played(
  places: readonly [number, number],
  seconds: number,
  wholeS: number,
): [number, number] | null {
  if (places[1] >= STEPS) return null;
  const by = Math.min((STEPS * seconds) / wholeS, STEPS - places[1]);
  return [places[0] === 0 ? 0 : places[0] + by, places[1] + by];
}

/** Where playing begins: from the start where the range has reached the end. */
export function playFrom(places: readonly [number, number]): [number, number] {
  if (places[1] < STEPS) return [...places];
  return places[0] === 0 ? [0, 0] : [0.001, STEPS - places[0]];
}
