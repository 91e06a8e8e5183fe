/** How the data of each instrument arrive. */

import { Fragment } from "react";

import type { EventSummary, StationHealth } from "../api/types";
import { span, utc } from "../format";
import { useLive } from "../live/liveStore";
import { EventMap } from "../map/EventMap";
import { stateOf } from "../map/content";
import { messages, textOf } from "../messages";
import { openEvent } from "../ui/hooks";

const text = messages.stations;
const NO_EVENTS: EventSummary[] = [];

export function StationsView() {
  const health = useLive("health");
  const stations = useLive("stations");
  const dataNowMs = useLive("dataNowMs");
  const isStored = useLive("service")?.is_stored ?? false;
  const silent = stations.filter(
    (station) => !health.some((one) => one.trace_id.startsWith(`${station.code}.`)),
  );
  const sorted = [...health].sort((a, b) => (a.trace_id < b.trace_id ? -1 : 1));
  return (
    <div className="columns events-view">
      <section className="panel" aria-labelledby="stations-title">
        <h2 id="stations-title">{text.title}</h2>
        {sorted.length === 0 && <p className="empty">{text.none}</p>}
        {(sorted.length > 0 || silent.length > 0) && (
          <table className="cards">
            <thead>
              <tr>
                <th scope="col">{text.trace}</th>
                <th scope="col">{text.state}</th>
                <th scope="col">{text.rate}</th>
                <th scope="col">{text.last}</th>
                <th scope="col">{text.latency}</th>
                <th scope="col">{text.gaps}</th>
                <th scope="col">{text.packets}</th>
              </tr>
            </thead>
            <tbody>
              {sorted.map((one) => (
                <Instrument key={one.trace_id} health={one} dataNowMs={dataNowMs} />
              ))}
              {silent.map((station) => (
                <tr key={station.code}>
                  <td data-label={text.trace}>{station.code}</td>
                  <td data-label={text.state}>
                    <span className="badge state-none">{text.states.none}</span>
                  </td>
                  <td colSpan={5} />
                </tr>
              ))}
            </tbody>
          </table>
        )}
        {!isStored && <p className="muted note">{text.ageNote}</p>}
      </section>
      <section className="panel side" aria-label={messages.map.label}>
        <EventMap events={NO_EVENTS} isStationMap onSelect={openEvent} />
      </section>
    </div>
  );
}

function Instrument({ health, dataNowMs }: { health: StationHealth; dataNowMs: number | null }) {
  const state = stateOf(health.last_sample, dataNowMs);
  const lastMs = Date.parse(health.last_sample);
  const ageS = dataNowMs === null ? null : Math.max(0, (dataNowMs - lastMs) / 1000);
  const counts = Object.entries(health.counts).filter(([, count]) => count > 0);
  return (
    <tr data-instrument={health.trace_id}>
      <td data-label={text.trace}>
        {health.trace_id} <span className="muted">{health.channels.join(" ")}</span>
      </td>
      <td data-label={text.state}>
        <span className={`badge state-${state}`}>{text.states[state]}</span>{" "}
        {ageS !== null && <span className="muted nowrap">{span(ageS)}</span>}
      </td>
      <td data-label={text.rate} className="nowrap">{health.sampling_rate_hz} Hz</td>
      <td data-label={text.last}>{utc(lastMs, 1)}</td>
      <td data-label={text.latency} className="nowrap">
        {health.latency_s === null ? messages.unknown : span(health.latency_s)}
      </td>
      <td data-label={text.gaps}>
        {text.gapsValue(health.gaps, span(health.gap_s ?? 0), health.channels.length)}
      </td>
      <td data-label={text.packets}>
        <span>
          {counts.length === 0 && "0"}
          {counts.map(([kind, count], index) => (
            <Fragment key={kind}>
              {index > 0 && ", "}
              <span className="nowrap">{`${count} ${textOf(text.kinds, kind) ?? kind}`}</span>
            </Fragment>
          ))}
        </span>
      </td>
    </tr>
  );
}
