/** The address of a station's page: it holds all that is shown, so that it can be shared. */

export type SpectrogramScale = "linear" | "log";

export interface StationPlace {
  /** Channel, or null for the first vertical one. */
  traceId: string | null;
  /** End of the shown window, ms since 1970; null follows the newest data. */
  endMs: number | null;
  lengthS: number;
  scale: SpectrogramScale;
  /** Hours in the helicorder, and minutes in each of its lines. */
  hours: number;
  lineMin: number;
}

export const LENGTHS_S = [60, 300, 600, 1800, 3600] as const;
export const HOURS = [1, 3, 6, 12, 24] as const;
export const LINES_MIN = [5, 15, 30, 60] as const;
export const DEFAULT_PLACE: StationPlace = {
  traceId: null,
  endMs: null,
  lengthS: 300,
  scale: "linear",
  hours: 6,
  lineMin: 15,
};

/** `#/station/NET.STA/TRACE/live/300/linear/6x15`, or the time of the window's end in place of `live`. */
export function stationAddress(code: string, place: Partial<StationPlace> = {}): string {
  const { traceId, endMs, lengthS, scale, hours, lineMin } = { ...DEFAULT_PLACE, ...place };
  const time = endMs === null ? "live" : new Date(endMs).toISOString();
  const parts = [code, traceId ?? "-", time, String(lengthS), scale, `${hours}x${lineMin}`];
  return `#/station/${parts.map(encodeURIComponent).join("/")}`;
}

/** What an address names; the usual where it names nothing that can be shown. */
export function parsePlace(hash: string): StationPlace {
  const [, , traceId = "-", time = "live", length = "", scale, overview = ""] = hash
    .replace(/^#\/?/, "")
    .split("/")
    .map(decoded);
  const endMs = Date.parse(time);
  const [hours, lineMin] = overview.split("x").map(Number);
  return {
    traceId: /^[A-Z0-9-]*(\.[A-Z0-9-]*){3}$/i.test(traceId) ? traceId : null,
    endMs: Number.isNaN(endMs) ? null : endMs,
    lengthS: oneOf(LENGTHS_S, Number(length)) ?? DEFAULT_PLACE.lengthS,
    scale: scale === "log" ? "log" : "linear",
    hours: oneOf(HOURS, hours) ?? DEFAULT_PLACE.hours,
    lineMin: oneOf(LINES_MIN, lineMin) ?? DEFAULT_PLACE.lineMin,
  };
}

const oneOf = <T extends number>(known: readonly T[], value: number | undefined): T | undefined =>
  known.find((one) => one === value);

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
