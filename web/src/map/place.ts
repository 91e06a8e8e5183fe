/** The reader's place: kept in this browser alone, never asked of the machine and never sent. */

import { useSyncExternalStore } from "react";

import type { Place } from "./wavefronts";

const KEY = "mainshock-place";
const readers = new Set<() => void>();

/** A place that a text states, or null where it states none. */
export function placeOf(text: string | null): Place | null {
  try {
    const [longitude, latitude] = JSON.parse(text ?? "null") as number[];
    return isPlace(longitude, latitude) ? { longitude: longitude!, latitude: latitude! } : null;
  } catch {
    return null;
  }
}

export const isPlace = (longitude: unknown, latitude: unknown): boolean =>
  typeof longitude === "number" && Math.abs(longitude) <= 180 &&
  typeof latitude === "number" && Math.abs(latitude) <= 90;

function kept(): Place | null {
  try {
    return placeOf(localStorage.getItem(KEY));
  } catch {
    return null;
  }
}

let place: Place | null = kept();

export function setPlace(chosen: Place | null): void {
  place = chosen;
  try {
    if (chosen === null) localStorage.removeItem(KEY);
    else localStorage.setItem(KEY, JSON.stringify([chosen.longitude, chosen.latitude]));
  } catch {
    // it holds until the page is closed
  }
  readers.forEach((one) => one());
}

const listen = (reader: () => void): (() => void) => {
  readers.add(reader);
  return () => readers.delete(reader);
};

export const usePlace = (): Place | null => useSyncExternalStore(listen, () => place);
