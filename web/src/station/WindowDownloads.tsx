/** The shown window as files. */

import { problemOf } from "../api/client";
import { useState } from "react";

import { messages } from "../messages";
import { Download } from "../ui/Download";
import { samples, utcText } from "./client";
import type { Span } from "./drawing";

const text = messages.station;
/** Names of formats, in all languages. */
const FORMATS = { mseed: "miniSEED", csv: "CSV" };

export function WindowDownloads({ traceId, shown }: { traceId: string; shown: Span }) {
  const [state, setState] = useState<string | null>(null);
  const name = `${traceId}_${utcText(shown.startMs).replace(/[-:]/g, "").slice(0, 15)}Z`;
  const save = async () => {
    setState(text.csvBusy);
    try {
      offer(`${name}.csv`, await csvOf(traceId, shown));
      setState(null);
    } catch (error) {
      setState(problemOf(error));
    }
  };
  return (
    <p className="downloads">
      {text.download}:{" "}
      <Download path={miniseedPath(traceId, shown)} fileName={`${name}.mseed`}>
        {FORMATS.mseed}
      </Download>{" "}
      <button type="button" className="small" onClick={() => void save()}>
        {FORMATS.csv}
      </button>{" "}
      <span role="status">{state}</span>
    </p>
  );
}

/** The FDSN dataselect address of a window. */
export function miniseedPath(traceId: string, { startMs, endMs }: Span): string {
  const [net, sta, loc, cha] = traceId.split(".");
  const query = new URLSearchParams({
    net: net ?? "",
    sta: sta ?? "",
    loc: loc || "--",
    cha: cha ?? "",
    start: utcText(startMs).replace("Z", ""),
    end: utcText(endMs).replace("Z", ""),
  });
  return `fdsnws/dataselect/1/query?${query}`;
}

async function csvOf(traceId: string, { startMs, endMs }: Span): Promise<string> {
  const told = await samples(traceId, startMs, endMs);
  const beganMs = Date.parse(told.start);
  const lines = told.samples.flatMap((value, index) =>
    value === null ? [] : [`${utcText(beganMs + (1000 * index) / told.sampling_rate_hz)},${value}`],
  );
  return [`time_utc,${traceId}`, ...lines, ""].join("\n");
}

function offer(fileName: string, content: string): void {
  const address = URL.createObjectURL(new Blob([content], { type: "text/csv" }));
  const link = document.createElement("a");
  link.href = address;
  link.download = fileName;
  link.click();
  URL.revokeObjectURL(address);
}
