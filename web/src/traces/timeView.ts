/** Which stretch of time rows show, and how high they are drawn: pure steps from one view to another. */

export interface TimeView {
  lengthMs: number;
  /** Where it ends, ms since 1970; null follows the newest data. */
  endMs: number | null;
  /** 1 fills the row's height with the record; 2 draws it twice as high. */
  gain: number;
}

export const SHORTEST_MS = 2000;
export const LONGEST_MS = 600_000;
const LEAST_GAIN = 1 / 16;
const MOST_GAIN = 64;

export const LIVE_VIEW: TimeView = { lengthMs: 60_000, endMs: null, gain: 1 };

const within = (low: number, value: number, high: number) => Math.min(high, Math.max(low, value));

export const isLive = (view: TimeView): boolean => view.endMs === null;

export function windowOf(view: TimeView, newestMs: number): { startMs: number; endMs: number } {
  const endMs = view.endMs ?? newestMs;
  return { startMs: endMs - view.lengthMs, endMs };
}

/** Show another length. What stands at a share of the width (0 left, 1 right) stays there; live stays live. */
export function zoomed(view: TimeView, factor: number, share: number, newestMs: number): TimeView {
  const lengthMs = within(SHORTEST_MS, view.lengthMs / factor, LONGEST_MS);
  if (view.endMs === null && share > 0.9) return { ...view, lengthMs };
  const { startMs } = windowOf(view, newestMs);
  const fixedMs = startMs + share * view.lengthMs;
  return atEnd({ ...view, lengthMs }, fixedMs + (1 - share) * lengthMs, newestMs);
}

/** Show a later stretch, or an earlier one where `byMs` is negative; at the newest data it follows them. */
export function panned(view: TimeView, byMs: number, newestMs: number): TimeView {
  return atEnd(view, (view.endMs ?? newestMs) + byMs, newestMs);
}

/** Hold still where it is. */
export const held = (view: TimeView, newestMs: number): TimeView => ({
  ...view,
  endMs: view.endMs ?? newestMs,
});

export const followed = (view: TimeView): TimeView => ({ ...view, endMs: null });

export const amplified = (view: TimeView, factor: number): TimeView => ({
  ...view,
  gain: within(LEAST_GAIN, view.gain * factor, MOST_GAIN),
});

const atEnd = (view: TimeView, endMs: number, newestMs: number): TimeView => ({
  ...view,
  endMs: endMs >= newestMs ? null : endMs,
});
