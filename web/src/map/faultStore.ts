/** The fault profile that was estimated last, so that the map and the page of an event can show it too. */

import { useSyncExternalStore } from "react";

import type { FaultProfile } from "../api/types";
import type { Told } from "../told/told";

export interface KeptProfile {
  name: string;
  profile: FaultProfile;
  lines: GeoJSON.FeatureCollection;
  /** What limits it, as the service told. */
  cautions: Told[];
  /** When it was estimated, by this machine's clock. */
  atMs: number;
}

const readers = new Set<() => void>();
let kept: KeptProfile | null = null;

export function keepProfile(known: Omit<KeptProfile, "atMs">): void {
  kept = { ...known, atMs: Date.now() };
  readers.forEach((one) => one());
}

const listen = (reader: () => void): (() => void) => {
  readers.add(reader);
  return () => readers.delete(reader);
};

export const useKeptProfile = (): KeptProfile | null => useSyncExternalStore(listen, () => kept);
