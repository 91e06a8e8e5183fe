/** The tables below an event: versions, arrivals, station magnitudes, alerts. */

import type { ReactNode } from "react";

import { api } from "../api/client";
import type { Alert, ArrivalRow, EventDetail, StationMagnitudeRow, VersionRow } from "../api/types";
import { latitude, longitude, plusMinus, utc, utcPlusMinus } from "../format";
import { messages } from "../messages";
import { Restore } from "../review/Restore";
import { eventAddress, useRequest } from "../ui/hooks";
import { signed } from "./EventDetail";
import { changeOf } from "./plotting";
import { say } from "../told/told";
import { Failed, Words } from "../told/Words";

const text = messages.detail;
const page = messages.eventPage;

interface TableProperties {
  title: string;
  name: string;
  columns: string[];
  rows: ReactNode[][];
}

/** A table with its heading, that turns into cards on a narrow screen. */
function Table({ title, name, columns, rows }: TableProperties) {
  return (
    <section className="panel" aria-labelledby={`${name}-title`} data-table={name}>
      <h3 id={`${name}-title`}>{title}</h3>
      <table className="cards">
        <thead>
          <tr>
            {columns.map((column) => (
              <th key={column} scope="col">
                {column}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((cells, index) => (
            <tr key={index}>
              {cells.map((cell, column) => (
                <td key={columns[column]} data-label={columns[column]}>
                  {cell}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

interface VersionsProperties {
  event: EventDetail;
  onNews: () => void;
}

export function Versions({ event, onNews }: VersionsProperties) {
  const oldestFirst = [...event.versions].sort((a, b) => a.version - b.version);
  const before = new Map(oldestFirst.map((one, index) => [one.version, oldestFirst[index - 1]]));
  const latest = oldestFirst.at(-1)?.version ?? event.version;
  return (
    <Table
      title={text.versions}
      name="versions"
      columns={[
        messages.events.version,
        text.change,
        messages.events.status,
        text.issued,
        page.by,
        text.reason,
        page.whatChanged,
        text.magnitude,
        messages.events.place,
        text.depth,
        text.picks,
        messages.review.restore,
      ]}
      rows={oldestFirst.reverse().map((one) => [
        one.version === event.version ? (
          one.version
        ) : (
          <a href={`${eventAddress(event.event_id)}/${one.version}`}>{one.version}</a>
        ),
        text.kinds[one.kind],
        messages.events[one.status],
        `${utc(Date.parse(one.issued))} UTC`,
        one.author || page.automatic,
        one.reason === "" ? "–" : <Words text={say(one.reason_told, ", ")} />,
        changeText(before.get(one.version), one),
        one.magnitude === null ? messages.none : one.magnitude.toFixed(1),
        <>
          <span className="nowrap">{latitude(one.latitude, 3)}</span>{" "}
          <span className="nowrap">{longitude(one.longitude, 3)}</span>
        </>,
        `${one.depth_km.toFixed(1)} km`,
        one.n_picks,
        one.version === latest ? (
          "–"
        ) : (
          <Restore event={event} latest={latest} version={one.version} onNews={onNews} />
        ),
      ])}
    />
  );
}

/** What a version changed, in words. */
function changeText(before: VersionRow | undefined, now: VersionRow): string {
  if (before === undefined) return "–";
  const { movedKm, deeperKm, magnitude, picks } = changeOf(before, now);
  const told = [
    movedKm >= 0.05 && page.moved(movedKm.toFixed(1)),
    deeperKm >= 0.05 && page.deeper(deeperKm.toFixed(1)),
    deeperKm <= -0.05 && page.shallower((-deeperKm).toFixed(1)),
    magnitude !== null && Math.abs(magnitude) >= 0.005 && page.magnitudeBy(signed(magnitude)),
    picks > 0 && page.morePicks(picks),
    picks < 0 && page.fewerPicks(-picks),
  ].filter((one) => typeof one === "string");
  return told.join(", ") || page.nothing;
}

export function Arrivals({ arrivals }: { arrivals: ArrivalRow[] }) {
  const nearestFirst = [...arrivals].sort((a, b) => a.distance_km - b.distance_km);
  return (
    <Table
      title={text.arrivals}
      name="arrivals"
      columns={[
        text.station,
        text.phase,
        text.time,
        text.distance,
        text.azimuth,
        text.residual,
        page.sigma,
        text.inlier,
        text.probability,
      ]}
      rows={nearestFirst.map((one) => [
        [one.network, one.station, one.location].filter(Boolean).join("."),
        <span className={`phase phase-${one.phase}`}>{one.phase}</span>,
        utcPlusMinus(one.time, one.sigma_s, false),
        `${one.distance_km.toFixed(1)} km`,
        `${one.azimuth_deg.toFixed(0)}°`,
        `${signed(one.residual_s)} s`,
        `${one.sigma_s.toFixed(3)} s`,
        one.inlier_probability.toFixed(2),
        one.probability.toFixed(2),
      ])}
    />
  );
}

export function StationMagnitudes({ rows }: { rows: StationMagnitudeRow[] }) {
  if (rows.length === 0) return null;
  return (
    <Table
      title={text.stationMagnitudes}
      name="magnitudes"
      columns={[text.station, text.magnitude, text.phase, text.hypocentralDistance, messages.events.status]}
      rows={rows.map((one) => [
        one.station_code,
        one.sd !== null && one.sd > 0
          ? `${one.magnitude_type} ${plusMinus(one.value, one.sd)}`
          : `${one.magnitude_type} ${one.value.toFixed(1)}`,
        one.phase,
        one.hypocentral_distance_km === null
          ? messages.unknown
          : `${one.hypocentral_distance_km.toFixed(1)} km`,
        one.is_outlier ? text.outlier : "–",
      ])}
    />
  );
}

export function Alerts({ eventId, version }: { eventId: string; version: number }) {
  const { data, problem } = useRequest((signal) => api.alerts(eventId, signal), `${eventId} ${version}`);
  return <AlertTable alerts={data} problem={problem} />;
}

/** Nothing where there are none, and until they are read. */
export function AlertTable({ alerts, problem }: { alerts: Alert[] | null; problem: string | null }) {
  if (problem !== null) {
    return (
      <section className="panel" aria-labelledby="alerts-title" data-table="alerts">
        <h3 id="alerts-title">{text.alerts}</h3>
        <Failed problem={problem} />
      </section>
    );
  }
  if (alerts === null || alerts.length === 0) return null;
  return (
    <Table
      title={text.alerts}
      name="alerts"
      columns={[
        text.alertRule,
        text.alertChannel,
        messages.events.version,
        messages.events.status,
        text.issued,
        text.reason,
      ]}
      rows={alerts.map((one) => [
        one.rule,
        one.channel,
        one.version,
        one.status,
        `${utc(Date.parse(one.issued))} UTC`,
        one.detail || "–",
      ])}
    />
  );
}
