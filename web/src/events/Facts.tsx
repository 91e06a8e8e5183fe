/** What is known of an event, as a list of terms. */

import type { ReactNode } from "react";

import type { EventDetail } from "../api/types";
import { areaKm2, utc, utcPlusMinus } from "../format";
import { messages, textOf } from "../messages";
import { depthText, latitudeText, longitudeText, magnitudeText, Quality } from "./words";
import { say } from "../told/told";
import { Words } from "../told/Words";

const text = messages.detail;

export function Facts({ event }: { event: EventDetail }) {
  const models = Object.entries(event.models).map(([part, name]) => `${part}: ${name}`);
  return (
    <section className="panel" aria-labelledby="facts-title">
      <h3 id="facts-title">{text.whatIsKnown}</h3>
      <dl className="facts">
        <Fact term={text.originTime}>{utcPlusMinus(event.time, event.time_sd_s)}</Fact>
        <Fact term={text.latitude}>{latitudeText(event)}</Fact>
        <Fact term={text.longitude}>{longitudeText(event)}</Fact>
        <Fact term={text.depth}>
          {depthText(event)} <span className="muted">{text.depthNote}</span>
        </Fact>
        <Fact term={text.magnitude}>
          <Magnitude event={event} />
        </Fact>
        {event.magnitude_mad !== null && (
          <Fact term={text.stationSpread}>{text.mad(event.magnitude_mad.toFixed(2))}</Fact>
        )}
        <Fact term={text.region68}>{optional(event.region68_km2, areaKm2)}</Fact>
        <Fact term={text.region95}>{optional(event.region95_km2, areaKm2)}</Fact>
        <Fact term={text.quality}>
          <Quality grade={event.quality} /> {textOf(messages.qualities, event.quality)}
        </Fact>
        <Fact term={text.picks}>{text.ofStations(event.n_picks, event.n_stations)}</Fact>
        <Fact term={text.gap}>{optional(event.azimuthal_gap_deg, (gap) => `${gap.toFixed(0)}°`)}</Fact>
        <Fact term={text.rms}>{optional(event.rms_residual_s, (rms) => `${rms.toFixed(2)} s`)}</Fact>
        <Fact term={text.velocity}>{event.velocity_model}</Fact>
        {event.n_modes > 1 && <Fact term={text.modes}>{event.n_modes}</Fact>}
        {models.length > 0 && <Fact term={text.models}>{models.join(", ")}</Fact>}
        <Fact term={text.issued}>{`${utc(Date.parse(event.issued))} UTC`}</Fact>
      </dl>
      <p className="muted note">{messages.uncertainty}</p>
    </section>
  );
}

function Magnitude({ event }: { event: EventDetail }) {
  if (event.magnitude === null) {
    const why = event.notes_told["magnitude"] ?? [];
    if (why.length === 0) return <>{messages.none}</>;
    return <Words text={say(why)} />;
  }
  return (
    <>
      {magnitudeText(event)}{" "}
      {event.station_magnitudes.length > 0 && (
        <span className="muted">{text.magnitudeOf(event.station_magnitudes.length)}</span>
      )}
    </>
  );
}

export function Fact({ term, children }: { term: string; children: ReactNode }) {
  return (
    <div>
      <dt>{term}</dt>
      <dd>{children}</dd>
    </div>
  );
}

const optional = (value: number | null, write: (value: number) => string): string =>
  value === null ? messages.unknown : write(value);
