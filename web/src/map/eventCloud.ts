/** All events in columns, so that tens of thousands are filtered and drawn within one frame. */

import { passes, isWithin, STATES, type Filters, type Range, type Row } from "./catalogue";
import type { EventColour } from "./mapLayers";
import { AGE_LIMITS_S, DEPTH_STOPS_KM, type Palette } from "./palette";

const MAGNITUDES = [0, 3, 5, 7, 9] as const;
const RADII = [5, 9, 16, 28, 44] as const;
const UNKNOWN_RADIUS = 7;
const LEAST_RADIUS = RADII[0];
/** Sizes are half pixels apart. */
const SIZES_PER_PIXEL = 2;
export const N_SIZES = (RADII[4] - LEAST_RADIUS) * SIZES_PER_PIXEL + 1;
/** Colours between two stops of depth. */
const SHADES = 16;
export const N_COLOURS = (DEPTH_STOPS_KM.length - 1) * SHADES + 1;
/** States from this place on did not happen or were withdrawn. */
const FIRST_GHOST = STATES.indexOf("rejected");
const MOST_LATITUDE = 85.051129;

type Colour = readonly [number, number, number];

export const mercatorX = (longitude: number): number => (longitude + 180) / 360;

export function mercatorY(latitude: number): number {
  const bounded = Math.min(MOST_LATITUDE, Math.max(-MOST_LATITUDE, latitude));
  return 0.5 - Math.log(Math.tan(Math.PI / 4 + (bounded * Math.PI) / 360)) / (2 * Math.PI);
}

/** Where a value lies between stops: 1.5 is half-way from the second to the third. */
function placeAmong(stops: readonly number[], value: number): number {
  const last = stops.length - 1;
  if (!(value > stops[0]!)) return 0;
  for (let next = 1; next <= last; next += 1) {
    const [low, high] = [stops[next - 1]!, stops[next]!];
    if (value <= high) return next - 1 + (value - low) / (high - low);
  }
  return last;
}

function sizeOf(magnitude: number | null): number {
  if (magnitude === null) return (UNKNOWN_RADIUS - LEAST_RADIUS) * SIZES_PER_PIXEL;
  const place = placeAmong(MAGNITUDES, magnitude);
  const low = Math.min(Math.floor(place), RADII.length - 2);
  const radius = RADII[low]! + (place - low) * (RADII[low + 1]! - RADII[low]!);
  return Math.round((radius - LEAST_RADIUS) * SIZES_PER_PIXEL);
}

/** Radius of a size in CSS pixels; smaller where much of the Earth is seen. */
export function radiusAt(size: number, zoom: number): number {
  const share = 0.35 + (0.65 * Math.min(7, Math.max(0, zoom))) / 7;
  return share * (LEAST_RADIUS + size / SIZES_PER_PIXEL);
}

export const strokeAt = (zoom: number): number => 0.4 + (0.6 * Math.min(7, Math.max(0, zoom))) / 7;

export function rgb(hex: string): Colour {
  const value = Number.parseInt(hex.slice(1), 16);
  return [value >> 16, (value >> 8) & 255, value & 255];
}

/** The colours that an event's colour class names. */
export function coloursOf(by: EventColour, palette: Palette): Colour[] {
  if (by === "age") return palette.ages.map(rgb);
  const stops = palette.depths.map(rgb);
  return Array.from({ length: N_COLOURS }, (_, index) => {
    const low = Math.min(Math.floor(index / SHADES), stops.length - 2);
    const share = index / SHADES - low;
    const [from, to] = [stops[low]!, stops[low + 1]!];
    const mix = (one: 0 | 1 | 2): number => from[one] + share * (to[one] - from[one]);
    return [mix(0), mix(1), mix(2)];
  });
}

export class EventCloud {
  readonly rows: Row[] = [];
  x = new Float64Array(0);
  y = new Float64Array(0);
  size = new Uint8Array(0);
  /** 1 for what did not happen or was withdrawn. */
  ghost = new Uint8Array(0);
  colour = new Uint8Array(0);
  private readonly places = new Map<string, number>();

  /** Take up events, or replace them where they are known. */
  put(rows: readonly Row[]): void {
    for (const row of rows) {
      const index = this.places.get(row.id) ?? this.rows.length;
      if (index >= this.x.length) this.grow();
      this.places.set(row.id, index);
      this.rows[index] = row;
      this.x[index] = mercatorX(row.longitude);
      this.y[index] = mercatorY(row.latitude);
      this.size[index] = sizeOf(row.magnitude);
      this.ghost[index] = STATES.indexOf(row.state) >= FIRST_GHOST ? 1 : 0;
    }
  }

  /** Give each event its colour class; ages count back from a time in s since 1970. */
  colourBy(by: EventColour, nowS: number): void {
    const { rows, colour } = this;
    for (let index = 0; index < rows.length; index += 1) {
      const row = rows[index]!;
      if (by === "depth") {
        colour[index] = Math.round(SHADES * placeAmong(DEPTH_STOPS_KM, row.depthKm));
        continue;
      }
      const ageS = nowS - Math.round(row.timeMs / 1000);
      const place = AGE_LIMITS_S.findIndex((limit) => ageS < limit);
      colour[index] = place < 0 ? AGE_LIMITS_S.length : place;
    }
  }

  /** Indices of what is let through, the largest first, so that no small one is hidden. */
  shown(filters: Filters, range: Range): Uint32Array {
    const { rows, size } = this;
    const starts = new Uint32Array(N_SIZES + 1); // of each size, in a list from large to small
    const found = new Uint32Array(rows.length);
    let count = 0;
    for (let index = 0; index < rows.length; index += 1) {
      const row = rows[index]!;
      if (!isWithin(row, range) || !passes(row, filters)) continue;
      found[count++] = index;
      starts[N_SIZES - size[index]!]! += 1;
    }
    for (let place = 1; place <= N_SIZES; place += 1) starts[place]! += starts[place - 1]!;
    const ordered = new Uint32Array(count);
    for (let place = 0; place < count; place += 1) {
      const index = found[place]!;
      const at = N_SIZES - size[index]! - 1;
      ordered[starts[at]!++] = index;
    }
    return ordered;
  }

  private grow(): void {
    const length = Math.max(1024, 2 * this.x.length);
    const larger = <T extends Float64Array | Uint8Array>(made: T, old: T): T => {
      made.set(old);
      return made;
    };
    this.x = larger(new Float64Array(length), this.x);
    this.y = larger(new Float64Array(length), this.y);
    this.size = larger(new Uint8Array(length), this.size);
    this.ghost = larger(new Uint8Array(length), this.ghost);
    this.colour = larger(new Uint8Array(length), this.colour);
  }
}
