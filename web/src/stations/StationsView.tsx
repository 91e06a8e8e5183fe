/** How the data of each instrument arrive, the worst first. */

import "./stations.css";

import { Fragment, useMemo, useState } from "react";

import type { EventSummary, StationHealth } from "../api/types";
import { span, utc } from "../format";
import { useLive } from "../live/liveStore";
import { EventMap } from "../map/EventMap";
import { stateOf } from "../map/content";
import { messages, textOf } from "../messages";
import { stationAddress } from "../station/address";
import type { InstrumentQuality } from "../station/client";
import { stationOf } from "../traces/selection";
import { openEvent } from "../ui/hooks";
import { Backlog } from "./Backlog";
import { diagnosisOf, NEVER, type Diagnosis } from "./diagnosis";
import { HourBars } from "./HourBars";
import { percent, sentenceOf } from "./sentences";
import { useQuality } from "./useQuality";
import { Words } from "../told/Words";

const text = messages.stations;
const NO_EVENTS: EventSummary[] = [];
const EVERY_MS = 10_000;

interface Row {
  /** Instrument, or the station where nothing came from it. */
  id: string;
  health: StationHealth | null;
  quality: InstrumentQuality | null;
  diagnosis: Diagnosis | null;
}

export function StationsView() {
  const isStored = useLive("service")?.is_stored ?? false;
  const { data: quality, problem } = useQuality(EVERY_MS);
  const rows = useRows(quality?.instruments ?? null, isStored);
  const [find, setFind] = useState("");
  const [isTroubleOnly, setTroubleOnly] = useState(false);
  const wanted = find.trim().toUpperCase();
  const shown = rows.filter(
    (one) =>
      one.id.toUpperCase().includes(wanted) && (!isTroubleOnly || (one.diagnosis?.score ?? 0) > 0),
  );
  return (
    <div className="stations-view">
      <section className="panel" aria-labelledby="stations-title">
        <div className="panel-head">
          <h2 id="stations-title">{text.title}</h2>
          <label>
            {text.filter}{" "}
            <select value={isTroubleOnly ? "trouble" : "all"} onChange={(event) => setTroubleOnly(event.target.value === "trouble")}>
              <option value="all">{text.filters.all}</option>
              <option value="trouble">{text.filters.trouble}</option>
            </select>
          </label>
          <label>
            {text.find} <input type="search" size={9} value={find} onChange={(event) => setFind(event.target.value)} />
          </label>
          <span className="muted">{text.count(shown.length, rows.length)}</span>
        </div>
        {problem !== null && <p className="warning"><Words text={problem} /></p>}
        {rows.length === 0 && <p className="empty">{text.none}</p>}
        {rows.length > 0 && (
          <div className="table-scroll" tabIndex={0} role="region" aria-label={text.diagnosis}>
            <HealthTable rows={shown} />
          </div>
        )}
        <Backlog quality={quality} />
        <p className="muted note">
          {text.sortNote} {!isStored && text.ageNote}
        </p>
      </section>
      <section className="panel side" aria-label={messages.map.label}>
        <EventMap events={NO_EVENTS} isStationMap onSelect={openEvent} />
      </section>
    </div>
  );
}

/** All instruments and silent stations, the worst first, then by name. */
function useRows(quality: InstrumentQuality[] | null, isStored: boolean): Row[] {
  const health = useLive("health");
  const stations = useLive("stations");
  return useMemo(() => {
    const byId = new Map(quality?.map((one) => [one.trace_id, one]));
    const rows: Row[] = health.map((one) => {
      const known = byId.get(one.trace_id) ?? null;
      return { id: one.trace_id, health: one, quality: known, diagnosis: known && diagnosisOf(known, isStored) };
    });
    for (const { code } of stations) {
      if (health.some((one) => one.trace_id.startsWith(`${code}.`))) continue;
      rows.push({ id: code, health: null, quality: null, diagnosis: NEVER });
    }
    const score = (row: Row) => row.diagnosis?.score ?? 0;
    return rows.sort((a, b) => score(b) - score(a) || (a.id < b.id ? -1 : 1));
  }, [quality, health, stations, isStored]);
}

function HealthTable({ rows }: { rows: Row[] }) {
  const dataNowMs = useLive("dataNowMs");
  return (
    <table className="cards health">
      <thead>
        <tr>
          <th scope="col">{text.trace}</th>
          <th scope="col">{text.state}</th>
          <th scope="col">{text.diagnosis}</th>
          <th scope="col">{text.hour}</th>
          <th scope="col">{text.day}</th>
          <th scope="col">{text.latency}</th>
          <th scope="col">{text.gaps}</th>
          <th scope="col">{text.clock}</th>
          <th scope="col">{text.packets}</th>
          <th scope="col">{text.rate}</th>
          <th scope="col">{text.last}</th>
        </tr>
      </thead>
      <tbody>
        {rows.map((one) =>
          one.health === null ? (
            <SilentStation key={one.id} row={one} />
          ) : (
            <Instrument key={one.id} row={one} health={one.health} dataNowMs={dataNowMs} />
          ),
        )}
      </tbody>
    </table>
  );
}

function Findings({ diagnosis }: { diagnosis: Diagnosis | null }) {
  if (diagnosis === null) return null;
  return <span className={`findings level-${diagnosis.level}`}>{diagnosis.findings.map(sentenceOf).join(" ")}</span>;
}

function SilentStation({ row }: { row: Row }) {
  return (
    <tr data-station={row.id}>
      <td data-label={text.trace}>
        <a href={stationAddress(row.id)}>{row.id}</a>
      </td>
      <td data-label={text.state}>
        <span className="badge state-none">{text.states.none}</span>
      </td>
      <td data-label={text.diagnosis}>
        <Findings diagnosis={row.diagnosis} />
      </td>
      <td colSpan={8} />
    </tr>
  );
}

function Instrument({ row, health, dataNowMs }: { row: Row; health: StationHealth; dataNowMs: number | null }) {
  const state = stateOf(health.last_sample, dataNowMs);
  const lastMs = Date.parse(health.last_sample);
  const ageS = dataNowMs === null ? null : Math.max(0, (dataNowMs - lastMs) / 1000);
  const { quality, diagnosis } = row;
  return (
    <tr data-instrument={health.trace_id} data-level={diagnosis?.level}>
      <td data-label={text.trace}>
        <span>
          <a href={stationAddress(stationOf(health.trace_id))}>{health.trace_id}</a>{" "}
          <span className="muted">{health.channels.join(" ")}</span>
        </span>
      </td>
      <td data-label={text.state}>
        <span>
          <span className={`badge state-${state}`}>{text.states[state]}</span>{" "}
          {ageS !== null && <span className="muted nowrap">{span(ageS)}</span>}
        </span>
      </td>
      <td data-label={text.diagnosis}>
        <Findings diagnosis={diagnosis} />
      </td>
      <td data-label={text.hour} className="nowrap">
        {quality === null ? messages.unknown : percent(quality.hour)}
      </td>
      <td data-label={text.day}>{quality !== null && <HourBars hours={quality.hours} day={quality.day} />}</td>
      <td data-label={text.latency} className="nowrap">
        {health.latency_s === null ? messages.unknown : span(health.latency_s)}
      </td>
      <td data-label={text.gaps}>
        <span>
          {text.gapsValue(health.gaps, span(health.gap_s ?? 0), health.channels.length)}
          {quality !== null && quality.gaps > 0 && (
            <span className="muted">{`; ${text.inDay(quality.gaps)}, ${text.longestGap(span(quality.longest_gap_s))}`}</span>
          )}
        </span>
      </td>
      <td data-label={text.clock}>
        <Clock health={health} quality={quality} />
      </td>
      <td data-label={text.packets}>
        <Packets health={health} />
      </td>
      <td data-label={text.rate} className="nowrap">{health.sampling_rate_hz} Hz</td>
      <td data-label={text.last} className="nowrap">{utc(lastMs, 1)}</td>
    </tr>
  );
}

function Clock({ health, quality }: { health: StationHealth; quality: InstrumentQuality | null }) {
  if (health.latency_s !== null && health.latency_s < 0) {
    return <span className="warn">{text.clockAhead(span(-health.latency_s))}</span>;
  }
  const stated = quality?.clock_quality_percent ?? null;
  if (stated === null) return <span className="muted">{text.clockUnknown}</span>;
  return <span>{text.clockQuality(percent(stated / 100))}</span>;
}

function Packets({ health }: { health: StationHealth }) {
  const counts = Object.entries(health.counts).filter(([, count]) => count > 0);
  return (
    <span>
      {counts.length === 0 && "0"}
      {counts.map(([kind, count], index) => (
        <Fragment key={kind}>
          {index > 0 && ", "}
          <span className="nowrap">{`${count} ${textOf(text.kinds, kind) ?? kind}`}</span>
        </Fragment>
      ))}
    </span>
  );
}
