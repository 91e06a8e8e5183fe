/** The forecast as the service tells it, asked for again with each event and each half minute. */

import { useEffect, useState } from "react";

import { api, ApiError } from "../api/client";
import type { ForecastAnswer, Withdrawn } from "../api/types";
import { useLive } from "../live/liveStore";
import { say, type Told } from "../told/told";
import { useRequest } from "../ui/hooks";

const AGAIN_MS = 30_000;

export type Found =
  | { kind: "forecast"; answer: ForecastAnswer; readMs: number }
  | { kind: "withdrawn"; detail: Withdrawn }
  | { kind: "none"; reason: string };

/** Why a forecast is not shown, from the service's own error; others are thrown on. */
export function refused(error: unknown): Found {
  if (!(error instanceof ApiError) || ![404, 503].includes(error.status)) throw error;
  if (error.detail?.state === "withdrawn") {
    return { kind: "withdrawn", detail: error.detail as unknown as Withdrawn };
  }
  const why = error.detail?.reason_told as Told[] | undefined; // the page says the rest itself
  return { kind: "none", reason: why === undefined ? error.message : say(why) };
}

async function read(signal: AbortSignal): Promise<Found> {
  try {
    return { kind: "forecast", answer: await api.forecast(signal), readMs: Date.now() };
  } catch (error) {
    return refused(error);
  }
}

export function useForecast(): { data: Found | null; problem: string | null } {
  const newest = useLive("events")[0];
  const tick = useTick(AGAIN_MS);
  return useRequest(read, `${tick} ${newest?.event_id ?? ""} ${newest?.version ?? ""}`);
}

/** A number that grows each so many milliseconds. */
export function useTick(everyMs: number): number {
  const [tick, setTick] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => setTick((one) => one + 1), everyMs);
    return () => clearInterval(timer);
  }, [everyMs]);
  return tick;
}
