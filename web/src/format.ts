/** Numbers as text: unit and uncertainty with each, digits as the uncertainty justifies. */

/** Decimals that show one digit of a standard deviation, two where it starts with 1. */
export function decimalsFor(sd: number): number {
  if (!(Number.isFinite(sd) && sd > 0)) return 2;
  const exponent = Math.floor(Math.log10(sd));
  const digits = sd / 10 ** exponent < 2 ? 2 : 1;
  return Math.max(0, Math.min(4, digits - 1 - exponent));
}

export function plusMinus(value: number, sd: number, unit = ""): string {
  const decimals = decimalsFor(sd);
  const text = `${value.toFixed(decimals)} ± ${sd.toFixed(decimals)}`;
  return unit ? `${text} ${unit}` : text;
}

/** `2010-05-27 16:24:31.9`, UTC. */
export function utc(timeMs: number, decimals = 0, withDate = true): string {
  const step = 10 ** (3 - decimals);
  const rounded = decimals >= 3 ? timeMs : Math.round(timeMs / step) * step;
  const text = new Date(rounded).toISOString();
  const seconds = decimals === 0 ? text.slice(11, 19) : text.slice(11, 20 + decimals);
  return withDate ? `${text.slice(0, 10)} ${seconds}` : seconds;
}

export function utcPlusMinus(time: string, sdS: number, withDate = true): string {
  const decimals = Math.min(3, decimalsFor(sdS));
  return `${utc(Date.parse(time), decimals, withDate)} ± ${sdS.toFixed(decimals)} s`;
}

function degrees(value: number, decimals: number, positive: string, negative: string): string {
  return `${Math.abs(value).toFixed(decimals)}° ${value >= 0 ? positive : negative}`;
}

/** Decimals of a degree that a standard deviation in km justifies (1 km is about 0.01°). */
export function degreeDecimals(sdKm: number): number {
  return Math.max(1, Math.min(5, decimalsFor(sdKm) + 2));
}

export function latitude(value: number, decimals: number): string {
  return degrees(value, decimals, "N", "S");
}

export function longitude(value: number, decimals: number): string {
  return degrees(value, decimals, "E", "W");
}

/** A span of time in the unit a reader would choose: `0.8 s`, `4 min`, `3 h`, `2 d`. */
export function span(seconds: number): string {
  const size = Math.abs(seconds);
  if (size < 10) return `${seconds.toFixed(1)} s`;
  if (size < 120) return `${seconds.toFixed(0)} s`;
  if (size < 7200) return `${(seconds / 60).toFixed(0)} min`;
  if (size < 172_800) return `${(seconds / 3600).toFixed(0)} h`;
  return `${(seconds / 86_400).toFixed(0)} d`;
}

/** What records come from, with only the last part of a path: `replay:iceland: ...`. */
export function shortSource(source: string): string {
  const [, kind = "", place = "", words = ""] = /^(\w{2,}:)?(.*?)(: .*)?$/.exec(source) ?? [];
  if (place.startsWith("//")) return source; // an address on the network
  return kind + (place.split(/[\\/]+/).filter(Boolean).at(-1) ?? place) + words;
}

/** A count or amplitude with at most three digits that matter. */
export function compact(value: number): string {
  if (!Number.isFinite(value)) return "–";
  const size = Math.abs(value);
  if (size >= 1e6 || (size > 0 && size < 1e-2)) return value.toExponential(1).replace("e+", "e");
  return size >= 100 ? value.toFixed(0) : String(Number(value.toPrecision(3)));
}

export function areaKm2(value: number): string {
  return `${value >= 100 ? value.toFixed(0) : Number(value.toPrecision(2))} km²`;
}
