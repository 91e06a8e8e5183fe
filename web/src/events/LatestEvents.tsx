/** The newest events in short, beside the live traces. */

import type { EventSummary } from "../api/types";
import { span } from "../format";
import { useLive } from "../live/liveStore";
import { messages } from "../messages";
import { Badges, depthText, latitudeText, longitudeText, magnitudeText, OriginTime, Quality } from "./words";

const text = messages.events;
const SHOWN = 6;

export function LatestEvents() {
  const events = useLive("events");
  const isLoaded = useLive("isLoaded");
  const dataNowMs = useLive("dataNowMs");
  return (
    <section className="panel" aria-labelledby="latest-title" aria-live="polite">
      <div className="panel-head">
        <h2 id="latest-title">{text.latest}</h2>
        <a href="#/events">
          {text.more} ({events.length})
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

function Latest({ event, dataNowMs }: { event: EventSummary; dataNowMs: number | null }) {
  const agoS = dataNowMs === null ? null : (dataNowMs - Date.parse(event.time)) / 1000;
  return (
    <li data-event={event.event_id} className={event.kind === "cancel" ? "withdrawn" : ""}>
      <span className="latest-magnitude">
        {event.magnitude === null ? "M –" : `M ${event.magnitude.toFixed(1)}`}
      </span>
      <span className="latest-text">
        <OriginTime event={event} />{" "}
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
