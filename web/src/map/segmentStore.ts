/** The segment that the reader chose last, on a map or from a list. */

import { useSyncExternalStore } from "react";

export interface ChosenSegment {
  region: string;
  index: number;
}

/** Of the heading above the reasons. */
export const REASONS_ID = "segment-reasons";

const readers = new Set<() => void>();
let chosen: ChosenSegment | null = null;

export function chooseSegment(segment: ChosenSegment | null): void {
  chosen = segment;
  readers.forEach((one) => one());
}

const listen = (reader: () => void): (() => void) => {
  readers.add(reader);
  return () => readers.delete(reader);
};

export const useChosenSegment = (): ChosenSegment | null => useSyncExternalStore(listen, () => chosen);
