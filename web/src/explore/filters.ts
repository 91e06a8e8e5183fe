/** Which events are looked at: limits and an area, as they stand in the address too. */

import type { Columns } from "./columns";

export type Range = [number | null, number | null];
export type Place = [longitude: number, latitude: number];

export interface Filters {
  /** Seconds since 1970. */
  time: Range;
  magnitude: Range;
  depth: Range;
  /** 1 for A alone to 4 for A to D; null: all, also those without one. */
  quality: number | null;
  /** Corners of an area; null: everywhere. */
  area: Place[] | null;
}

export interface Section {
  kind: "ew" | "ns" | "line";
  from: Place;
  to: Place;
  /** Events farther from a line are left out of the section, km. */
  halfWidthKm: number;
}

export interface Choice {
  catalogue: string;
  filters: Filters;
  section: Section;
}

export const NO_FILTERS: Filters = {
  time: [null, null],
  magnitude: [null, null],
  depth: [null, null],
  quality: null,
  area: null,
};
export const FIRST: Choice = {
  catalogue: "live",
  filters: NO_FILTERS,
  section: { kind: "ew", from: [0, 0], to: [0, 0], halfWidthKm: 20 },
};
const MOST_CORNERS = 200;

const isSet = (range: Range): boolean => range[0] !== null || range[1] !== null;
export const isFiltered = (one: Filters): boolean =>
  isSet(one.time) || isSet(one.magnitude) || isSet(one.depth) || one.quality !== null || one.area !== null;

/** 1 for each event that passes; a limit leaves out events of which that is not known. */
export function maskOf(columns: Columns, filters: Filters): Uint8Array {
  const mask = new Uint8Array(columns.n).fill(1);
  limit(mask, columns.timeS, filters.time);
  limit(mask, columns.magnitude, filters.magnitude);
  limit(mask, columns.depthKm, filters.depth);
  if (filters.quality !== null) {
    for (let i = 0; i < mask.length; i += 1) {
      const quality = columns.quality[i]!;
      if (quality === 0 || quality > filters.quality) mask[i] = 0;
    }
  }
  if (filters.area !== null && filters.area.length > 2) limitArea(mask, columns, filters.area);
  return mask;
}

/** Numbers of 32 bits lie a little beside what a reader writes. */
const SLACK = 1e-5;

function limit(mask: Uint8Array, values: Float64Array | Float32Array, [low, high]: Range): void {
  if (low === null && high === null) return;
  const from = low === null ? -Infinity : low - SLACK;
  const to = high === null ? Infinity : high + SLACK;
  for (let i = 0; i < mask.length; i += 1) {
    const value = values[i]!;
    if (!(value >= from && value <= to)) mask[i] = 0;
  }
}

function limitArea(mask: Uint8Array, columns: Columns, area: Place[]): void {
  const west = Math.min(...area.map((one) => one[0]));
  const east = Math.max(...area.map((one) => one[0]));
  const south = Math.min(...area.map((one) => one[1]));
  const north = Math.max(...area.map((one) => one[1]));
  for (let i = 0; i < mask.length; i += 1) {
    if (mask[i] === 0) continue;
    const latitude = columns.latitude[i]!;
    const longitude = nearest(columns.longitude[i]!, (west + east) / 2);
    const isNear = longitude >= west && longitude <= east && latitude >= south && latitude <= north;
    if (!isNear || !isInside(longitude, latitude, area)) mask[i] = 0;
  }
}

/** A longitude moved by whole turns so that it lies nearest to another one. */
export const nearest = (longitude: number, middle: number): number =>
  longitude + 360 * Math.round((middle - longitude) / 360);

export function isInside(x: number, y: number, corners: readonly Place[]): boolean {
  let isIn = false;
  for (let i = 0, j = corners.length - 1; i < corners.length; j = i, i += 1) {
    const [ax, ay] = corners[i]!;
    const [bx, by] = corners[j]!;
    if (ay > y !== by > y && x < ((bx - ax) * (y - ay)) / (by - ay) + ax) isIn = !isIn;
  }
  return isIn;
}

/** Where the events lie that pass, in order of time. */
export function chosenOf(mask: Uint8Array): Uint32Array {
  let count = 0;
  for (let i = 0; i < mask.length; i += 1) count += mask[i]!;
  const chosen = new Uint32Array(count);
  for (let i = 0, at = 0; i < mask.length; i += 1) if (mask[i] === 1) chosen[at++] = i;
  return chosen;
}

const number = (text: string | null): number | null => {
  const value = text === null || text === "" ? NaN : Number(text);
  return Number.isFinite(value) ? value : null;
};
const inTwo = (text: string | null): Range => {
  const [low, high] = (text ?? "").split("~");
  return [number(low ?? null), number(high ?? null)];
};
const asTwo = ([low, high]: Range): string => `${low ?? ""}~${high ?? ""}`;
const short = (value: number): number => Number(value.toFixed(4));
const places = (text: string | null): Place[] =>
  (text ?? "")
    .split("_")
    .map((one) => one.split("~").map(Number))
    .filter((one) => one.length === 2 && one.every(Number.isFinite))
    .map((one) => [one[0]!, one[1]!] as Place)
    .slice(0, MOST_CORNERS);
const written = (all: readonly Place[]): string =>
  all.map((one) => one.map(short).join("~")).join("_");

/** What stands in the address behind the view. */
export function asAddress({ catalogue, filters, section }: Choice): string {
  const told = new URLSearchParams();
  if (catalogue !== FIRST.catalogue) told.set("c", catalogue);
  if (isSet(filters.time)) told.set("t", asTwo(filters.time));
  if (isSet(filters.magnitude)) told.set("m", asTwo(filters.magnitude));
  if (isSet(filters.depth)) told.set("d", asTwo(filters.depth));
  if (filters.quality !== null) told.set("q", String(filters.quality));
  if (filters.area !== null) told.set("a", written(filters.area));
  if (section.kind === "ns") told.set("s", "ns");
  if (section.kind === "line") told.set("s", written([section.from, section.to]));
  if (section.halfWidthKm !== FIRST.section.halfWidthKm) told.set("w", String(section.halfWidthKm));
  return told.toString();
}

/** What an address says; what makes no sense in it counts as not there. */
export function fromAddress(part: string | null): Choice {
  const told = new URLSearchParams(part ?? "");
  const quality = number(told.get("q"));
  const area = places(told.get("a"));
  return {
    catalogue: told.get("c") ?? FIRST.catalogue,
    filters: {
      time: inTwo(told.get("t")),
      magnitude: inTwo(told.get("m")),
      depth: inTwo(told.get("d")),
      quality: quality !== null && quality >= 1 && quality <= 4 ? Math.round(quality) : null,
      area: area.length > 2 ? area : null,
    },
    section: sectionOf(told),
  };
}

function sectionOf(told: URLSearchParams): Section {
  const halfWidthKm = Math.max(0.1, number(told.get("w")) ?? FIRST.section.halfWidthKm);
  const ends = places(told.get("s"));
  if (ends.length === 2) return { kind: "line", from: ends[0]!, to: ends[1]!, halfWidthKm };
  return { ...FIRST.section, kind: told.get("s") === "ns" ? "ns" : "ew", halfWidthKm };
}

/** The corners of a box; one whose east lies west of its west goes across 180 degrees. */
export function boxArea(west: number, south: number, east: number, north: number): Place[] {
  const end = east < west ? east + 360 : east;
  return [
    [west, south],
    [end, south],
    [end, north],
    [west, north],
  ];
}

/** West, south, east and north of an area; longitudes as readers write them, from -180 to 180. */
export function boxOf(area: readonly Place[]): number[] {
  const [xs, ys] = [area.map((one) => one[0]), area.map((one) => one[1])];
  const [west, east] = [Math.min(...xs), Math.max(...xs)];
  const isAround = east - west >= 360;
  const [from, to] = isAround ? [west, east] : [west, east].map(onEarth);
  return [from!, Math.min(...ys), to!, Math.max(...ys)].map(short);
}

const onEarth = (longitude: number): number => (Math.abs(longitude) <= 180 ? longitude : nearest(longitude, 0));
