/** The tables below an event: versions, arrivals, station magnitudes, alerts. */

import type { ReactNode } from "react";

import { api } from "../api/client";
import type { ArrivalRow, StationMagnitudeRow, VersionRow } from "../api/types";
import { latitude, longitude, plusMinus, utc, utcPlusMinus } from "../format";
import { messages } from "../messages";
import { useRequest } from "../ui/hooks";
import { signed } from "./EventDetail";

const text = messages.detail;

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

export function Versions({ versions }: { versions: VersionRow[] }) {
  const newestFirst = [...versions].sort((a, b) => b.version - a.version);
  return (
    <Table
      title={text.versions}
      name="versions"
      columns={[
        messages.events.version,
        text.change,
        messages.events.status,
        text.issued,
        text.reason,
        text.magnitude,
        messages.events.place,
        text.depth,
        text.picks,
      ]}
      rows={newestFirst.map((one) => [
        one.version,
        text.kinds[one.kind],
        messages.events[one.status],
        `${utc(Date.parse(one.issued))} UTC`,
        one.reason || "–",
        one.magnitude === null ? messages.none : one.magnitude.toFixed(1),
        <>
          <span className="nowrap">{latitude(one.latitude, 3)}</span>{" "}
          <span className="nowrap">{longitude(one.longitude, 3)}</span>
        </>,
        `${one.depth_km.toFixed(1)} km`,
        one.n_picks,
      ])}
    />
  );
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
      columns={[text.station, text.magnitude, text.phase, text.distance, messages.events.status]}
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
  const { data } = useRequest((signal) => api.alerts(eventId, signal), `${eventId} ${version}`);
  if (data === null || data.length === 0) return null;
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
      rows={data.map((one) => [
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
