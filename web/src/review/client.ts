/** What the service is asked about one event: its versions, records, reviews and explanations. */

import { get, request } from "../api/client";
import type { components } from "../api/schema";
import type { EventDetail, Posterior } from "../api/types";
import type { Phase, SentPick } from "./edit";

type Schemas = components["schemas"];

export type EventRecords = Schemas["EventRecordsData"];
export type StationRecord = Schemas["StationRecord"];
export type Explanation = Schemas["ExplanationData"];
export type Relocation = Schemas["RelocationData"];
export type Review = Schemas["ReviewData"];
export type Component = "Z" | "N" | "E";

export interface ReviewSent {
  action: Review["action"];
  base_version: number;
  author: string;
  comment: string;
  picks?: SentPick[];
  restored_version?: number;
}

export interface RecordsQuery {
  component: Component;
  from_s: number;
  length_s: number;
  pixels: number;
}

const pathOf = (id: string): string => `events/${encodeURIComponent(id)}`;
const chosen = (version: number | null): Record<string, number> =>
  version === null ? {} : { version };

export const reviewApi = {
  event: (id: string, version: number | null, signal?: AbortSignal) =>
    get<EventDetail>(pathOf(id), chosen(version), signal),
  posterior: (id: string, version: number | null, signal?: AbortSignal) =>
    get<Posterior>(`${pathOf(id)}/posterior`, chosen(version), signal),
  records: (id: string, version: number, query: RecordsQuery, signal?: AbortSignal) =>
    get<EventRecords>(`${pathOf(id)}/records`, { version, ...query }, signal),
  explanation: (id: string, version: number, station: string, phase: Phase, signal?: AbortSignal) =>
    get<Explanation>(`${pathOf(id)}/explanation`, { version, station, phase }, signal),
  reviews: (id: string, signal?: AbortSignal) => get<Review[]>(`${pathOf(id)}/reviews`, {}, signal),
  relocate: async (id: string, base_version: number, picks: SentPick[]) => {
    const sent = { base_version, picks };
    return ((await request(`${pathOf(id)}/relocation`, {}, undefined, sent)) as { data: Relocation })
      .data;
  },
  review: async (id: string, sent: ReviewSent) =>
    ((await request(`${pathOf(id)}/review`, {}, undefined, sent)) as { data: EventDetail }).data,
};
