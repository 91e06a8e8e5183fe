/**
 * What the service sends: times are ISO 8601 UTC, angles degrees, depths km.
 *
 * `schema.d.ts` is generated from the service's own description (`npm run schema`); only the
 * messages of the WebSocket, which OpenAPI cannot describe, are written here.
 */

import type { components } from "./schema";

type Schemas = components["schemas"];
type Told = Schemas["Told"];

export type EventSummary = Schemas["EventSummary"];
export type EventDetail = Schemas["EventDetail"];
export type ArrivalRow = Schemas["ArrivalSummary"];
export type VersionRow = Schemas["VersionSummary"];
export type StationMagnitudeRow = Schemas["StationMagnitudeData"];
export type Posterior = Schemas["PosteriorData"];
export type LivePick = Schemas["PickSummary"];
export type StationHealth = Schemas["StationHealthData"];
export type StationInfo = Schemas["StationSummary"];
export type ServiceHealth = Schemas["HealthData"];
export type Alert = Schemas["AlertSummary"];
export type EventContext = Schemas["ContextData"];
export type SegmentExplanationAnswer = Schemas["SegmentExplanationAnswer"];
export type SegmentExplanation = Schemas["SegmentExplanationData"];
export type FaultProfileAnswer = Schemas["ProfileAnswer"];
export type FaultProfile = Schemas["ProfileData"];
export type FaultWindow = Schemas["ProfileWindowData"];

export type TravelTimes = Schemas["TravelTimesData"];

export type ShakingMap = Schemas["ShakingMapData"];
export type ShakingMapAnswer = Schemas["ShakingMapAnswer"];
export type EventShakingAnswer = Schemas["EventShakingAnswer"];

export type Forecast = Schemas["ForecastData"];
export type ForecastRow = Schemas["ForecastRowData"];
export type ForecastGrid = Schemas["ForecastGridData"];
export type ForecastMeta = Schemas["ForecastMeta"];
export type ForecastAnswer = Schemas["ForecastAnswer"];
export type AftershocksAnswer = Schemas["AftershocksAnswer"];

/** What is told of a forecast whose data are too old. */
export interface Withdrawn {
  state: "withdrawn";
  issued: string;
  cut_off: string;
  model: string;
  region: string;
  cut_off_age_s: number;
  max_age_s: number;
}

/** Assessed megathrust segments, with what must stand beside them. */
export type SegmentCollection = GeoJSON.FeatureCollection & { caveats: string[]; caveats_told: Told[] };

export interface Hello {
  server_time: string;
  source: string;
  is_synthetic: boolean;
  is_live: boolean;
  version: string;
  stream_time: string | null;
}

/** How the service itself is: not whether the page reaches it. */
export interface ServiceState {
  status: ServiceHealth["status"];
  /** Empty when it is ready. */
  reason: string;
  reason_told: Told[];
  /** Whether it shows what was stored, without live input. */
  is_stored: boolean;
}

/** Text messages of the WebSocket. */
export type LiveMessage =
  | { type: "hello"; data: Hello }
  | { type: "traces"; data: string[] }
  | { type: "event"; data: EventSummary }
  | { type: "pick"; data: LivePick }
  | { type: "alert"; data: Alert }
  | { type: "health"; data: StationHealth[] }
  | { type: "time"; data: { stream_time: string | null } }
  | { type: "state"; data: ServiceState }
  | { type: "pong" }
  | { type: "error"; error: { code: string; message: string } };
