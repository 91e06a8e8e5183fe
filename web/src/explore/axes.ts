/** Axes of the panels: from values to pixels, round marks, and what stands beside them. */

export interface Axis {
  low: number;
  high: number;
  label: string;
  kind: "number" | "time" | "log";
  /** Whether values grow against the usual sense: depths grow downwards. */
  isTurned?: boolean;
}

export interface Mark {
  value: number;
  text: string;
}

const DAY_S = 86_400;
const SECONDS = [1, 2, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 7200, 10_800, 21_600, 43_200];
const DAYS = [1, 2, 5, 10].map((one) => one * DAY_S);

export function marksOf(axis: Axis, wanted: number): Mark[] {
  if (axis.kind === "time") return timeMarks(axis.low, axis.high, wanted);
  if (axis.kind === "log") return logMarks(axis.low, axis.high);
  const rough = (axis.high - axis.low) / wanted;
  if (!(rough > 0)) return [];
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 5, 10].find((one) => one * power >= rough) ?? 10);
  const marks: Mark[] = [];
  for (let k = Math.ceil(axis.low / step - 1e-9); k * step <= axis.high + step * 1e-9; k += 1) {
    const value = Number((k * step).toPrecision(9));
    marks.push({ value, text: String(value) });
  }
  return marks;
}

function logMarks(low: number, high: number): Mark[] {
  const marks: Mark[] = [];
  for (let power = Math.ceil(low - 1e-9); power <= high + 1e-9; power += 1) {
    marks.push({ value: power, text: power < 5 ? String(10 ** power) : `1e${power}` });
  }
  return marks;
}

function timeMarks(low: number, high: number, wanted: number): Mark[] {
  const rough = (high - low) / wanted;
  const step = [...SECONDS, ...DAYS].find((one) => one >= rough);
  if (step !== undefined) {
    const marks: Mark[] = [];
    for (let at = Math.ceil(low / step) * step; at <= high; at += step) {
      const text = new Date(at * 1000).toISOString();
      const isDay = step >= DAY_S || at % DAY_S === 0;
      marks.push({ value: at, text: isDay ? text.slice(0, 10) : text.slice(11, step < 60 ? 19 : 16) });
    }
    return marks;
  }
  const months = [1, 2, 3, 6].find((one) => one * 30.4 * DAY_S >= rough);
  if (months !== undefined) return monthMarks(low, high, months);
  const power = 10 ** Math.floor(Math.log10(rough / (365.25 * DAY_S)));
  const years = Math.max(1, power * ([1, 2, 5, 10].find((one) => one * power * 365.25 * DAY_S >= rough) ?? 10));
  return monthMarks(low, high, 12 * Math.round(years));
}

function monthMarks(low: number, high: number, months: number): Mark[] {
  const begin = new Date(low * 1000);
  const first = Math.floor((begin.getUTCFullYear() * 12 + begin.getUTCMonth()) / months) * months;
  const marks: Mark[] = [];
  for (let month = first; marks.length < 60; month += months) {
    const date = new Date(0);
    date.setUTCFullYear(Math.floor(month / 12), month % 12, 1);
    const value = date.getTime() / 1000;
    if (value > high) break;
    if (value >= low) marks.push({ value, text: date.toISOString().slice(0, months % 12 === 0 ? 4 : 7) });
  }
  return marks;
}

/** A little more than a range, so that nothing lies on the edge; never nothing. */
export function roomy(range: [number, number] | null, share = 0.03): [number, number] {
  if (range === null) return [0, 1];
  const more = (range[1] - range[0]) * share || 0.5;
  return [range[0] - more, range[1] + more];
}
