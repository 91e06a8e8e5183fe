/** How the data of all instruments are, asked for again and again while it is shown. */

import { useEffect, useRef, useState } from "react";

import { quality, type Quality } from "../station/client";
import { useRequest } from "../ui/hooks";

export function useQuality(everyMs: number): { data: Quality | null; problem: string | null } {
  const [turn, setTurn] = useState(0);
  const { data, problem } = useRequest((signal) => quality(signal), String(turn));
  const latest = useRef<Quality | null>(null);
  if (data !== null) latest.current = data;
  useEffect(() => {
    const timer = setInterval(() => document.hidden || setTurn((before) => before + 1), everyMs);
    return () => clearInterval(timer);
  }, [everyMs]);
  return { data: latest.current, problem };
}
