/** What of an event can be taken along, and the address that shows it again. */

import { useState } from "react";

import type { EventDetail } from "../api/types";
import { messages } from "../messages";
import { Download } from "../ui/Download";
import { eventAddress } from "../ui/hooks";
import { arrivalsCsv } from "./plotting";

const text = messages.detail;
const page = messages.eventPage;
const [BEFORE_MS, AFTER_MS] = [30_000, 90_000];

export function Links({ event }: { event: EventDetail }) {
  const id = encodeURIComponent(event.event_id);
  const name = event.event_id.replaceAll("/", "_");
  const isLatest = event.versions.every((one) => one.version <= event.version);
  const files = [
    {
      path: `fdsnws/event/1/query?eventid=${id}&includearrivals=true`,
      file: `${name}.xml`,
      text: isLatest ? text.quakeml : text.quakemlLatest, // the FDSN service knows no other
    },
    { path: `api/v1/events/${id}?version=${event.version}`, file: `${name}.json`, text: text.json },
    {
      path: `api/v1/events/${id}/posterior?version=${event.version}`,
      file: `${name}.posterior.json`,
      text: text.geojson,
    },
    { path: picksPath(event), file: `${name}.picks.json`, text: text.picksJson },
    { path: recordsPath(event), file: `${name}.mseed`, text: page.miniseed },
  ];
  return (
    <section className="panel" aria-labelledby="links-title">
      <h3 id="links-title">{text.downloads}</h3>
      <ul className="links">
        {files.map((one) => (
          <li key={one.file}>
            <Download path={one.path} fileName={one.file}>
              {one.text}
            </Download>
          </li>
        ))}
        <li>
          <button type="button" className="small" onClick={() => saveCsv(event, `${name}.csv`)}>
            {page.csv}
          </button>
        </li>
      </ul>
      <Share event={event} />
    </section>
  );
}

function Share({ event }: { event: EventDetail }) {
  const [isCopied, setCopied] = useState(false);
  const url = new URL(`${eventAddress(event.event_id)}/${event.version}`, document.baseURI);
  url.search = ""; // a token stays here
  const copy = async (field: HTMLInputElement | null) => {
    field?.select();
    try {
      await navigator.clipboard.writeText(url.href);
      setCopied(true);
    } catch {
      // the address is selected: the browser's own way to copy does it
    }
  };
  return (
    <div className="share">
      <label>
        {page.share}
        <input type="text" readOnly value={url.href} id="share-address" />
      </label>
      <button
        type="button"
        onClick={() => void copy(document.querySelector<HTMLInputElement>("#share-address"))}
      >
        {page.copy}
      </button>{" "}
      <span role="status">{isCopied ? page.copied : ""}</span>
    </div>
  );
}

function saveCsv(event: EventDetail, fileName: string): void {
  const address = URL.createObjectURL(new Blob([arrivalsCsv(event.arrivals)], { type: "text/csv" }));
  const link = document.createElement("a");
  link.href = address;
  link.download = fileName;
  link.click();
  URL.revokeObjectURL(address);
}

/** The times of the first and the last arrival, ms; the origin time where there is none. */
function spanOf(event: EventDetail): [number, number] {
  const times = event.arrivals.map((arrival) => Date.parse(arrival.time)).sort((a, b) => a - b);
  const originMs = Date.parse(event.time);
  return [times[0] ?? originMs, times.at(-1) ?? originMs];
}

const isoOf = (timeMs: number): string => new Date(timeMs).toISOString();

/** The picks from the first arrival of an event to its last. */
function picksPath(event: EventDetail): string {
  const [first, last] = spanOf(event);
  return `api/v1/picks?start=${isoOf(first - 1000)}&end=${isoOf(last + 1000)}`;
}

/** The records of the stations that picked, from before the origin to after the last arrival. */
function recordsPath(event: EventDetail): string {
  const [, last] = spanOf(event);
  const stations = [...new Set(event.arrivals.map((one) => one.station))].join(",");
  const start = isoOf(Date.parse(event.time) - BEFORE_MS).slice(0, -1);
  const end = isoOf(last + AFTER_MS).slice(0, -1);
  return `fdsnws/dataselect/1/query?station=${stations || "*"}&starttime=${start}&endtime=${end}`;
}
