/** Requests for replays. */

import { get, problemOf, request } from "../api/client";
import type { components } from "../api/schema";
import type { LivePick } from "../api/types";
import { send } from "../explore/client";

type Schemas = components["schemas"];
export type Replay = Schemas["ReplayData"];
export type ReplayDetail = Schemas["ReplayDetail"];
export type ReplayPair = Schemas["ReplayPair"];
export type ReplayTraces = Schemas["ReplayTracesAnswer"];
export type ReplayList = Schemas["ReplaysAnswer"];

export interface Wish {
  start: string;
  end: string;
  speed: number;
  stations: string[];
}

export interface Pace {
  speed?: number;
  is_paused?: boolean;
  stop?: boolean;
}

export const replays = {
  list: async (signal?: AbortSignal) => (await request("replays", {}, signal)) as ReplayList,
  get: (id: string, signal?: AbortSignal) => get<ReplayDetail>(`replays/${id}`, {}, signal),
  traces: async (id: string, signal?: AbortSignal) =>
    (await request(`replays/${id}/traces`, { seconds: 60, pixels: 600 }, signal)) as ReplayTraces,
  picks: (id: string, signal?: AbortSignal) => get<LivePick[]>(`replays/${id}/picks`, {}, signal),
  start: (wish: Wish) => send<Replay>("POST", "replays", wish),
  steer: (id: string, pace: Pace) => send<Replay>("POST", `replays/${id}`, pace),
  remove: (id: string) => send<Replay>("DELETE", `replays/${id}`),
};

/** What goes wrong with a request; null where nothing does. */
export const problemWith = (asked: Promise<unknown>): Promise<string | null> =>
  asked.then(() => null, problemOf);
