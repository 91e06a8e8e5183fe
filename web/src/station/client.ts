/** What the service tells of one station's records. */

import { get } from "../api/client";
import type { components } from "../api/schema";
import type { LivePick } from "../api/types";

type Schemas = components["schemas"];

export type SpectrogramAnswer = Schemas["SpectrogramData"];
export type Quality = Schemas["QualityData"];
export type InstrumentQuality = Schemas["StationQualityData"];
type WaveformBins = Schemas["WaveformBins"];

/** Extremes in bins; NaN where nothing is known. */
export interface Bins {
  startMs: number;
  binMs: number;
  minimum: Float32Array;
  maximum: Float32Array;
}

export const utcText = (timeMs: number): string => new Date(timeMs).toISOString();

const known = (values: (number | null)[]): Float32Array =>
  Float32Array.from(values, (one) => one ?? Number.NaN);

export async function helicorder(
  traceId: string,
  startMs: number,
  endMs: number,
  binS: number,
  signal?: AbortSignal,
): Promise<Bins> {
  const query = { trace: traceId, start: utcText(startMs), end: utcText(endMs), bin_s: binS };
  const told = await get<WaveformBins>("helicorder", query, signal);
  return {
    startMs: Date.parse(told.start),
    binMs: told.bin_s * 1000,
    minimum: known(told.minimum),
    maximum: known(told.maximum),
  };
}

export interface SpectrogramQuestion {
  traceId: string;
  startMs: number;
  endMs: number;
  columns: number;
  windowS: number;
  scale: "linear" | "log";
}

export interface Spectrogram extends SpectrogramAnswer {
  /** Bytes column by column, rows from low to high frequency; 0: nothing known. */
  bytes: Uint8Array;
}

export async function spectrogram(asked: SpectrogramQuestion, signal?: AbortSignal): Promise<Spectrogram> {
  const told = await get<SpectrogramAnswer>(
    "spectrograms",
    {
      trace: asked.traceId,
      start: utcText(asked.startMs),
      end: utcText(asked.endMs),
      columns: asked.columns,
      window_s: asked.windowS,
      scale: asked.scale,
    },
    signal,
  );
  return { ...told, bytes: Uint8Array.from(atob(told.levels), (one) => one.charCodeAt(0)) };
}

export const quality = (signal?: AbortSignal) => get<Quality>("stations/quality", {}, signal);

export const picksOf = (code: string, startMs: number, endMs: number, signal?: AbortSignal) =>
  get<LivePick[]>(
    "picks",
    { station: code, start: utcText(startMs), end: utcText(endMs), limit: 2000 },
    signal,
  );

interface Samples {
  start: string;
  sampling_rate_hz: number;
  samples: (number | null)[];
}

/** The samples themselves, at most an hour. */
export const samples = (traceId: string, startMs: number, endMs: number) =>
  get<Samples>("waveforms", { trace: traceId, start: utcText(startMs), end: utcText(endMs) });
