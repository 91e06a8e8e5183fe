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
