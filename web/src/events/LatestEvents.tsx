/** The newest events in short, beside the live traces. */

import { useEffect, useState } from "react";

import type { EventSummary } from "../api/types";
import { latitude, longitude, span, utc } from "../format";
import { useLive } from "../live/liveStore";
import { messages } from "../messages";
import { Badges, depthText, latitudeText, longitudeText, magnitudeText, OriginTime, Quality } from "./words";

const text = messages.events;
const SHOWN = 6;

export function LatestEvents() {
  const events = useLive("events");
  const count = useLive("eventCount");
  const isLoaded = useLive("isLoaded");
  const dataNowMs = useLive("dataNowMs");
  return (
    <section className="panel" aria-labelledby="latest-title">
      <Arrivals />
      <div className="panel-head">
        <h2 id="latest-title">{text.latest}</h2>
        <a href="#/events">
          {isPart(events, count) ? text.newestOf(events.length, count) : `${text.more} (${events.length})`}
        </a>
      </div>
      {events.length === 0 && <p className="empty">{isLoaded ? text.none : messages.loading}</p>}
      <ol className="latest">
        {events.slice(0, SHOWN).map((event) => (
          <Latest key={event.event_id} event={event} dataNowMs={dataNowMs} />
        ))}
      </ol>
      {events.length > 0 && <p className="muted note">{messages.uncertainty}</p>}
    </section>
  );
}

/** Whether a list holds only the newest of all events. */
export const isPart = (events: readonly EventSummary[], count: number | null): count is number =>
  count !== null && count > events.length;

/** What has been heard of events. */
export interface Heard {
  /** The newest one that stands, and when it was; null before the list was read. */
  newest: { id: string | null; timeMs: number } | null;
  /** The one that came last since then. */
  arrived: EventSummary | null;
}

export const NOTHING_HEARD: Heard = { newest: null, arrived: null };

/** Hear the events as they are now; what was there when the list was read has not just arrived. */
export function hear(before: Heard, events: readonly EventSummary[], isLoaded: boolean): Heard {
  if (!isLoaded) return before;
  const found = events.find((event) => event.kind !== "cancel");
  const newest = { id: found?.event_id ?? null, timeMs: found ? Date.parse(found.time) : -Infinity };
  if (before.newest === null) return { newest, arrived: null };
  if (newest.id === before.newest.id) return { ...before, newest };
  // once the newest one is withdrawn, an older one is the newest, and none has arrived
  const hasArrived = found !== undefined && newest.timeMs > before.newest.timeMs;
  return hasArrived ? { newest, arrived: found } : before;
}

/** Read aloud that an event has come, once: the list beside it changes each second. */
function Arrivals() {
  const events = useLive("events");
  const isLoaded = useLive("isLoaded");
  const [{ arrived }, setHeard] = useState(NOTHING_HEARD);
  useEffect(() => setHeard((before) => hear(before, events, isLoaded)), [events, isLoaded]);
  return (
    <p className="aloud" role="status" data-arrivals>
      {arrived !== null && text.arrived(inShort(arrived))}
    </p>
  );
}

/** Magnitude, time and place, as short as they can be read. */
function inShort(event: EventSummary): string {
  const magnitude = event.magnitude === null ? [] : [`M ${event.magnitude.toFixed(1)}`];
  const time = `${utc(Date.parse(event.time))} UTC`;
  const place = `${latitude(event.latitude, 1)} ${longitude(event.longitude, 1)}`;
  return [...magnitude, time, place].join(", ");
}

function Latest({ event, dataNowMs }: { event: EventSummary; dataNowMs: number | null }) {
  const agoS = dataNowMs === null ? null : (dataNowMs - Date.parse(event.time)) / 1000;
  return (
    <li data-event={event.event_id} className={event.kind === "cancel" ? "withdrawn" : ""}>
      <span className="latest-magnitude">
        {event.magnitude === null ? "M –" : `M ${event.magnitude.toFixed(1)}`}
      </span>
      <span className="latest-text">
        <OriginTime event={event} /> UTC{" "}
        {agoS !== null && agoS >= 0 && (
          <span className="muted" title={text.agoTitle}>
            {text.ago(span(agoS))}
          </span>
        )}
        <br />
        {latitudeText(event)}, {longitudeText(event)}, {text.within.depth} {depthText(event)}
        <br />
        {text.within.magnitude} {magnitudeText(event)} · {text.within.quality}{" "}
        <Quality grade={event.quality} /> <Badges event={event} />
      </span>
    </li>
  );
}
