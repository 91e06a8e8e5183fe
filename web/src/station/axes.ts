/** Round steps for axes of time, frequency and level. */

const TIME_STEPS_S = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900];

/** Times, ms since 1970, for at most `most` labels. */
export function timeTicks(startMs: number, endMs: number, most: number): number[] {
  const wanted = (endMs - startMs) / 1000 / Math.max(1, most);
  const stepMs = 1000 * (TIME_STEPS_S.find((one) => one >= wanted) ?? 1800);
  const ticks = [];
  for (let at = Math.ceil(startMs / stepMs) * stepMs; at <= endMs; at += stepMs) ticks.push(at);
  return ticks;
}

/** Round frequencies between two, from low to high: of the logarithm 1, 2 and 5, else even steps. */
export function frequencyTicks(low: number, high: number, scale: "linear" | "log"): number[] {
  if (scale === "linear") {
    const step = [0.5, 1, 2, 5, 10, 20, 25, 50, 100, 200].find((one) => (high - low) / one <= 6) ?? high;
    return Array.from({ length: Math.floor(high / step) }, (_, index) => (index + 1) * step);
  }
  const ticks = [];
  for (let power = Math.floor(Math.log10(low)); power <= Math.log10(high); power += 1) {
    for (const digit of [1, 2, 5]) {
      const one = digit * 10 ** power;
      if (one >= low && one <= high) ticks.push(Number(one.toPrecision(1)));
    }
  }
  return ticks;
}

/** Share of the height, 0 at the low edge, where a frequency stands. */
export function frequencyShare(hz: number, low: number, high: number, scale: "linear" | "log"): number {
  if (scale === "linear") return (hz - low) / (high - low);
  return Math.log(hz / low) / Math.log(high / low);
}
