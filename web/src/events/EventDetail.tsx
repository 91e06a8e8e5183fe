/** One event: every number with its uncertainty, where it comes from, and what limits it. */

import { useEffect, useRef } from "react";

import { api } from "../api/client";
import type { EventDetail as Detail, EventSummary, Posterior } from "../api/types";
import { EventAftershocks } from "../forecast/EventAftershocks";
import { useLive } from "../live/liveStore";
import { EventMap } from "../map/EventMap";
import { messages, textOf } from "../messages";
import { EventShaking } from "../shaking/EventShaking";
import { Download } from "../ui/Download";
import { hasMoved, openEvent, useRequest } from "../ui/hooks";
import { Context } from "./Context";
import { DepthHistogram } from "./DepthHistogram";
import { Alerts, Arrivals, StationMagnitudes, Versions } from "./DetailTables";
import { Facts } from "./Facts";
import { Badges, nameOf } from "./words";

const text = messages.detail;

export function EventDetail({ eventId }: { eventId: string }) {
  const events = useLive("events");
  const known = events.find((event) => event.event_id === eventId);
  const key = `${eventId} ${known?.version ?? ""} ${known?.status ?? ""}`;
  const event = useRequest((signal) => api.event(eventId, null, signal), key);
  const posterior = useRequest((signal) => api.posterior(eventId, signal), key);
  return (
    <article className="detail" data-event={eventId}>
      <a href="#/events" className="back">
        ← {messages.back}
      </a>
      {event.problem !== null && <p className="problem">{text.failed(event.problem)}</p>}
      {event.data === null && event.problem === null && <p>{messages.loading}</p>}
      {event.data?.event_id === eventId && (
        <Found event={event.data} posterior={posterior.data} events={events} />
      )}
    </article>
  );
}

interface FoundProperties {
  event: Detail;
  posterior: Posterior | null;
  events: EventSummary[];
}

function Found({ event, posterior, events }: FoundProperties) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    if (hasMoved()) heading.current?.focus({ preventScroll: true }); // the link followed is gone
  }, []);
  const samples = posterior?.samples ?? null;
  const mapped = events.filter((one) => one.event_id === event.event_id);
  return (
    <>
      <h2 ref={heading} tabIndex={-1}>
        {nameOf(event)} <Badges event={event} />
      </h2>
      {event.kind === "cancel" && <p className="warning">{text.cancelled}</p>}
      {event.status === "preliminary" && <p className="warning">{text.preliminary}</p>}
      <div className="columns">
        <div>
          <Facts event={event} />
          <Cautions event={event} />
          <Context eventId={event.event_id} version={event.version} />
          <Links event={event} />
        </div>
        <div>
          <section className="panel" aria-labelledby="where-title">
            <h3 id="where-title">{text.where}</h3>
            <EventMap
              events={mapped.length > 0 ? mapped : [event]}
              selected={event.event_id}
              posterior={posterior}
              isPosteriorMap
              onSelect={openEvent}
            />
          </section>
          <section className="panel" aria-labelledby="depth-title">
            <h3 id="depth-title">{text.depthHistogram}</h3>
            {samples !== null && samples.depth_km.length > 0 ? (
              <DepthHistogram depths={samples.depth_km} />
            ) : (
              <p className="empty">{text.noPosterior}</p>
            )}
          </section>
        </div>
      </div>
      <EventAftershocks eventId={event.event_id} version={event.version} />
      <EventShaking eventId={event.event_id} version={event.version} />
      <Versions versions={event.versions} />
      <Arrivals arrivals={event.arrivals} />
      <StationMagnitudes rows={event.station_magnitudes} />
      <Alerts eventId={event.event_id} version={event.version} />
    </>
  );
}

function Cautions({ event }: { event: Detail }) {
  const flags = event.flags.includes("single_station")
    ? event.flags.filter((flag) => flag !== "large_azimuthal_gap") // it cannot have any other
    : event.flags;
  const told = [
    ...flags.map((flag) => textOf(messages.flags, flag) ?? text.flag(flag)),
    ...Object.entries(event.notes)
      .filter(([name]) => name !== "magnitude" || event.magnitude !== null) // told above
      .map(([name, note]) => text.noteOf(name, note)),
    ...event.arrivals
      .filter((arrival) => arrival.inlier_probability < 0.5)
      .map((arrival) =>
        text.doubtful(
          arrival.phase,
          arrival.station,
          signed(arrival.residual_s),
          arrival.inlier_probability.toFixed(2),
        ),
      ),
  ];
  return (
    <section className="panel" aria-labelledby="caution-title">
      <h3 id="caution-title">{text.caution}</h3>
      {told.length === 0 ? (
        <p className="muted">{text.noCaution}</p>
      ) : (
        <ul className="cautions">
          {told.map((one) => (
            <li key={one}>{one}</li>
          ))}
        </ul>
      )}
    </section>
  );
}

export const signed = (value: number): string => `${value >= 0 ? "+" : "−"}${Math.abs(value).toFixed(2)}`;

function Links({ event }: { event: Detail }) {
  const id = encodeURIComponent(event.event_id);
  const name = event.event_id.replaceAll("/", "_");
  return (
    <section className="panel" aria-labelledby="links-title">
      <h3 id="links-title">{text.downloads}</h3>
      <ul className="links">
        <li>
          <Download
            path={`fdsnws/event/1/query?eventid=${id}&includearrivals=true`}
            fileName={`${name}.xml`}
          >
            {text.quakeml}
          </Download>
        </li>
        <li>
          <Download path={`api/v1/events/${id}`} fileName={`${name}.json`}>
            {text.json}
          </Download>
        </li>
        <li>
          <Download path={`api/v1/events/${id}/posterior`} fileName={`${name}.posterior.json`}>
            {text.geojson}
          </Download>
        </li>
        <li>
          <Download path={picksPath(event)} fileName={`${name}.picks.json`}>
            {text.picksJson}
          </Download>
        </li>
      </ul>
    </section>
  );
}

/** The picks from the first arrival of an event to its last. */
function picksPath(event: Detail): string {
  const times = event.arrivals.map((arrival) => Date.parse(arrival.time)).sort((a, b) => a - b);
  const around = (timeMs: number, shiftMs: number) => new Date(timeMs + shiftMs).toISOString();
  const originMs = Date.parse(event.time);
  return (
    `api/v1/picks?start=${around(times[0] ?? originMs, -1000)}` +
    `&end=${around(times.at(-1) ?? originMs, 1000)}`
  );
}
