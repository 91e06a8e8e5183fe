import type { StationHealth } from "../api/types";

/**
 * What the age of data counts from: the newest data of all, and where they come live the clock if
 * it is later, so that ages grow when nothing comes any more.
 */
export function dataNow(
  isLive: boolean,
  streamMs: number | null,
  clockMs: number,
): number | null {
  return isLive ? Math.max(streamMs ?? clockMs, clockMs) : streamMs;
}

/** Time of the newest sample of all instruments, ms since 1970, or null where none came. */
export function newestSampleMs(health: StationHealth[]): number | null {
  const times = health.map((one) => Date.parse(one.last_sample));
  return times.length === 0 ? null : times.reduce((a, b) => Math.max(a, b));
}
