/** What the view of a replay draws from the answers of the service. */

import type { LivePick } from "../api/types";
import { rowOf } from "../explore/RecordPanel";
import type { RowData } from "../traces/rowData";
import type { ReplayDetail, ReplayPair, ReplayTraces } from "./client";

export interface ReplayRow {
  trace: string;
  row: RowData;
  picks: LivePick[];
}

const instrumentOf = (trace: string): string => trace.slice(0, -1);
const stationOf = (trace: string): string => trace.split(".").slice(0, 2).join(".");

/** One row for each channel, vertical ones first, with the curves of its instrument. */
export function rowsOf(told: ReplayTraces, picks: LivePick[]): ReplayRow[] {
  const curves = new Map(told.data.filter((one) => one.trace.includes("_")).map((one) => [one.trace, one]));
  const [startMs, endMs] = [told.meta.start, told.meta.end].map((one) => Date.parse(one ?? ""));
  return told.data
    .filter((one) => !one.trace.includes("_"))
    .sort((a, b) => Number(b.trace.endsWith("Z")) - Number(a.trace.endsWith("Z")) || (a.trace < b.trace ? -1 : 1))
    .map((one) => {
      const row = rowOf(one);
      for (const phase of ["P", "S"] as const) {
        const curve = curves.get(`${instrumentOf(one.trace)}_${phase}`);
        if (curve === undefined) continue;
        const begin = Date.parse(curve.start) / 1000;
        row[phase === "P" ? "p" : "s"] = row.times.map(
          (at) => curve.maximum[Math.floor((at - begin) / curve.bin_s)] ?? null,
        );
      }
      const own = picks.filter((pick) => {
        const timeMs = Date.parse(pick.time);
        const isHere = `${pick.network}.${pick.station}` === stationOf(one.trace);
        return isHere && pick.kind !== "cancel" && timeMs >= startMs! && timeMs <= endMs!;
      });
      return { trace: one.trace, row, picks: own };
    });
}

export type PairKind = "both" | "replayed" | "stored";
export const kindOf = (pair: ReplayPair): PairKind =>
  pair.replayed === null ? "stored" : pair.stored === null ? "replayed" : "both";

/** The event of a pair that its row tells of: the replay's, or else the stored one. */
export function eventOf(pair: ReplayPair, detail: ReplayDetail) {
  return pair.replayed === null
    ? detail.stored.find((one) => one.event_id === pair.stored)
    : detail.events.find((one) => one.event_id === pair.replayed);
}

export const signed = (value: number, decimals: number): string =>
  `${value < 0 ? "−" : "+"}${Math.abs(value).toFixed(decimals)}`;
