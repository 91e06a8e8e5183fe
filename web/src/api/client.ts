/** Requests to the service, with its envelope taken off. */

import { messages } from "../messages";
import { sayError, type Told } from "../told/told";
import type { components } from "./schema";
import { currentToken } from "./token";
import type {
  AftershocksAnswer,
  Alert,
  EventContext,
  EventDetail,
  EventShakingAnswer,
  FaultProfileAnswer,
  ForecastAnswer,
  LivePick,
  Posterior,
  SegmentCollection,
  SegmentExplanationAnswer,
  ServiceHealth,
  ShakingMapAnswer,
  StationInfo,
  TravelTimes,
} from "./types";

type EventsAnswer = components["schemas"]["EventsAnswer"];

/** What the service says of an error. */
export interface ErrorBody {
  code: string;
  message: string;
  message_told?: Told[];
  detail: Record<string, unknown> | null;
}

/** An error of the service; its message is in the language of the page. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly detail: Record<string, unknown> | null = null,
    told: readonly Told[] = [],
  ) {
    super(sayError(code, message, told));
  }
}

export function serviceUrl(path: string): URL {
  return new URL(path, document.baseURI);
}

/** The live connection; the cookie that came with the page opens it, so that no log keeps the token. */
export function liveUrl(): string {
  const url = serviceUrl("api/v1/live");
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  return url.href;
}

let onUnknown = (): Promise<boolean> => Promise.resolve(false);

/** Tell when the service does not know who asks (401); the answer: whether it then does. */
export function whenUnknown(told: () => Promise<boolean>): void {
  onUnknown = told;
}

/** Tell of an answer to what is not to be sent twice. */
export function noticed(response: Response): Response {
  if (response.status === 401) void onUnknown();
  return response;
}

/** Fetch with the token, where there is one; a question waits until the reader has signed in. */
export async function fetchAuthorised(
  url: URL,
  signal?: AbortSignal,
  sent?: unknown,
): Promise<Response> {
  const token = currentToken();
  const headers: Record<string, string> = token === null ? {} : { Authorization: `Bearer ${token}` };
  if (sent === undefined) {
    const response = await fetch(url, { headers, signal: signal ?? null });
    if (response.status !== 401 || !(await onUnknown())) return response;
    return fetch(url, { headers, signal: signal ?? null });
  }
  headers["Content-Type"] = "application/json";
  const body = JSON.stringify(sent);
  return noticed(await fetch(url, { method: "POST", headers, body, signal: signal ?? null }));
}

/** Return the data of an answer, without its envelope. */
export async function get<T>(path: string, query: Query, signal?: AbortSignal) {
  return ((await request(path, query, signal)) as { data: T }).data;
}

/** The error that an answer tells of. */
export function errorOf(response: Response, error: ErrorBody | undefined): ApiError {
  return new ApiError(
    response.status,
    error?.code ?? "http_error",
    error?.message ?? `${response.status} ${response.statusText}`,
    error?.detail ?? null,
    error?.message_told,
  );
}

/** What browsers say, each in its own words, of a service that does not answer. */
const OUT_OF_REACH = /fetch|network|load failed/i;

/** What went wrong, for the reader. */
export function problemOf(error: unknown): string {
  if (error instanceof TypeError && OUT_OF_REACH.test(error.message)) return messages.account.unreachable;
  return error instanceof Error ? error.message : String(error);
}

/** Return an answer as it is, with its envelope where it has one; what is sent goes as JSON. */
export async function request(
  path: string,
  query: Query,
  signal?: AbortSignal,
  sent?: unknown,
): Promise<unknown> {
  const url = serviceUrl(`api/v1/${path}`);
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, String(value));
  const response = await fetchAuthorised(url, signal, sent);
  const body: unknown = await response.json().catch(() => null);
  if (!response.ok) {
    throw errorOf(response, (body as { error?: ErrorBody } | null)?.error);
  }
  return body;
}

/** A question for the chance of an earthquake: with a circle, or of the whole region. */
export interface ChanceQuestion {
  magnitude: number;
  days: number;
  longitude?: number;
  latitude?: number;
  radius_km?: number;
}

/** An earthquake that might be. */
export interface Scenario {
  magnitude: number;
  longitude: number;
  latitude: number;
  depth_km: number;
  magnitude_sd: number;
}

type Query = Record<string, string | number>;
type Signal = AbortSignal | undefined;

/** In which language forecasts are put into words. */
const inWords = { language: messages.language };

export const api = {
  stations: (signal?: Signal) => get<StationInfo[]>("stations", {}, signal),
  /** The newest events first, with how many there are in all. */
  events: async (query: { limit: number } & Query, signal?: Signal) =>
    (await request("events", { order: "-time", ...query }, signal)) as EventsAnswer,
  picks: (query: { start?: string; limit: number }, signal?: Signal) =>
    get<LivePick[]>("picks", query, signal),
  health: (signal?: Signal) => get<ServiceHealth>("health", {}, signal),
  event: (id: string, version: number | null, signal?: Signal) =>
    get<EventDetail>(
      `events/${encodeURIComponent(id)}`,
      version === null ? {} : { version },
      signal,
    ),
  posterior: (id: string, signal?: Signal) =>
    get<Posterior>(`events/${encodeURIComponent(id)}/posterior`, {}, signal),
  alerts: (id: string, signal?: Signal) =>
    get<Alert[]>(`events/${encodeURIComponent(id)}/alerts`, {}, signal),
  context: (id: string, signal?: Signal) =>
    get<EventContext>(`events/${encodeURIComponent(id)}/context`, {}, signal),
  shaking: async (id: string, signal?: Signal) =>
    (await request(`events/${encodeURIComponent(id)}/shaking`, {}, signal)) as EventShakingAnswer,
  scenarioShaking: async (sent: Scenario) =>
    (await request("shaking/map", {}, undefined, sent)) as ShakingMapAnswer,
  forecast: async (signal?: Signal) => (await request("forecast", inWords, signal)) as ForecastAnswer,
  chance: async (asked: ChanceQuestion) =>
    (await request("forecast/probability", { ...asked, ...inWords })) as ForecastAnswer,
  aftershocks: async (id: string, signal?: Signal) =>
    (await request(`events/${encodeURIComponent(id)}/aftershocks`, inWords, signal)) as AftershocksAnswer,
  segments: async () =>
    (await request("megathrust/segments.geojson", {})) as SegmentCollection,
  segmentExplanation: async (region: string, index: number, signal?: Signal) =>
    (await request(
      `megathrust/segments/${encodeURIComponent(region)}/${index}/explanation`,
      {},
      signal,
    )) as SegmentExplanationAnswer,
  travelTimes: (depth_km: number, model: string, signal?: Signal) =>
    get<TravelTimes>("traveltimes", { depth_km, model }, signal),
  faultProfile: async (sent: { traces: unknown; pixel_m: number }) =>
    (await request("offfault/profile", {}, undefined, sent)) as FaultProfileAnswer,
};
