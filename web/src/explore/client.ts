/** Requests for catalogues and the archive, and the sending of files and changes. */

import { errorOf, fetchAuthorised, get, noticed, serviceUrl, type ErrorBody } from "../api/client";
import type { components } from "../api/schema";
import { currentToken } from "../api/token";
import { decode, type Columns } from "./columns";

type Schemas = components["schemas"];
export type CatalogueEntry = Schemas["CatalogueData"];
export type MagnitudeNumbers = Schemas["MagnitudesData"];
export type ChannelDays = Schemas["ArchivedDaysData"];
export type ChannelSpans = Schemas["ArchivedSpansData"];
export type WaveformBins = Schemas["WaveformBins"];

const BYTES = "application/octet-stream";

/** Send something other than a question, and return the data of the answer. */
export async function send<T>(
  method: "POST" | "DELETE",
  path: string,
  body?: Blob | ArrayBuffer | object,
  query: Record<string, string> = {},
): Promise<T> {
  const url = serviceUrl(`api/v1/${path}`);
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
  const token = currentToken();
  const headers: Record<string, string> = token === null ? {} : { Authorization: `Bearer ${token}` };
  const isRaw = body instanceof Blob || body instanceof ArrayBuffer;
  if (body !== undefined) headers["Content-Type"] = isRaw ? BYTES : "application/json";
  const sent = body === undefined ? null : isRaw ? body : JSON.stringify(body);
  return answered<T>(noticed(await fetch(url, { method, headers, body: sent })));
}

async function answered<T>(response: Response): Promise<T> {
  const told = (await response.json().catch(() => null)) as {
    data?: T;
    error?: ErrorBody;
  } | null;
  if (!response.ok || told === null) {
    throw errorOf(response, told?.error);
  }
  return told.data as T;
}

export const catalogues = {
  list: (signal?: AbortSignal) => get<CatalogueEntry[]>("catalogues", {}, signal),
  add: (file: File) => send<CatalogueEntry>("POST", "catalogues", file, { name: file.name }),
  remove: (id: string) => send<CatalogueEntry>("DELETE", `catalogues/${encodeURIComponent(id)}`),
  events: async (id: string, signal?: AbortSignal): Promise<Columns> => {
    const url = serviceUrl(`api/v1/catalogues/${encodeURIComponent(id)}/events`);
    const response = await fetchAuthorised(url, signal);
    if (!response.ok) await answered(response);
    return decode(await response.arrayBuffer());
  },
  statistics: (magnitudes: Float32Array<ArrayBuffer>, mc: number | null) =>
    send<MagnitudeNumbers>("POST", "catalogues/statistics", magnitudes.buffer, mc === null ? {} : { mc: String(mc) }),
};

export const archive = {
  days: (signal?: AbortSignal) => get<ChannelDays[]>("archive/days", {}, signal),
  spans: (start: string, end: string, stations: string, signal?: AbortSignal) =>
    get<ChannelSpans[]>("archive/spans", { start, end, stations }, signal),
  waveform: (trace: string, start: string, end: string, pixels: number, signal?: AbortSignal) =>
    get<WaveformBins>("waveforms", { trace, start, end, pixels }, signal),
};
