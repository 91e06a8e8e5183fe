/** What the address of a station's page names, and how to change it without leaving a trail. */

import { useCallback, useEffect, useState } from "react";

import { parsePlace, stationAddress, type StationPlace } from "./address";

type Change = (change: Partial<StationPlace>) => void;

export function usePlace(code: string): [StationPlace, Change] {
  const [place, setPlace] = useState(() => parsePlace(window.location.hash));
  useEffect(() => {
    const follow = () => setPlace(parsePlace(window.location.hash));
    window.addEventListener("hashchange", follow);
    return () => window.removeEventListener("hashchange", follow);
  }, []);
  const change = useCallback<Change>((news) => setPlace((before) => ({ ...before, ...news })), []);
  useEffect(() => {
    // browsers allow only so many changes of the address in a while: a drag is one
    const timer = setTimeout(() => window.history.replaceState(null, "", stationAddress(code, place)), 200);
    return () => clearTimeout(timer);
  }, [code, place]);
  return [place, change];
}

/** A value once it has rested for a while, so that a drag asks for data once. */
export function useSettled<T>(value: T, key: string, waitMs: number): T {
  const [settled, setSettled] = useState({ value, key });
  useEffect(() => {
    if (settled.key === key) return undefined;
    const timer = setTimeout(() => setSettled({ value, key }), waitMs);
    return () => clearTimeout(timer);
    // the value is told by its key
  }, [key, settled.key, waitMs]);
  return settled.value;
}
