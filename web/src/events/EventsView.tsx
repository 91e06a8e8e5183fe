/** All events: a table and a map; the event under the pointer or focus shows its region. */

import { useMemo, useState } from "react";

import { useLive } from "../live/liveStore";
import { EventMap } from "../map/EventMap";
import { messages } from "../messages";
import { openEvent } from "../ui/hooks";
import { EventTable } from "./EventTable";
import { isPart } from "./LatestEvents";
import { usePosterior } from "./usePosterior";

const text = messages.events;
const GRADES = ["A", "B", "C"];

export function EventsView() {
  const events = useLive("events");
  const count = useLive("eventCount");
  const isLoaded = useLive("isLoaded");
  const [grade, setGrade] = useState("");
  const [selected, setSelected] = useState<string | null>(null);
  const shown = useMemo(
    () => events.filter((event) => grade === "" || event.quality <= grade),
    [events, grade],
  );
  const posterior = usePosterior(events.find((event) => event.event_id === selected));
  return (
    <div className="columns events-view">
      <section className="panel" aria-labelledby="events-title">
        <div className="panel-head">
          <h2 id="events-title">{text.title}</h2>
          <label>
            {text.filter}{" "}
            <select value={grade} onChange={(event) => setGrade(event.target.value)}>
              <option value="">{text.all}</option>
              {GRADES.map((one) => (
                <option key={one} value={one}>
                  {text.orBetter(one)}
                </option>
              ))}
            </select>
          </label>
          <span className="muted">{text.count(shown.length)}</span>
          {isPart(events, count) && <span>{text.newestOf(events.length, count)}</span>}
        </div>
        {shown.length === 0 ? (
          <p className="empty">
            {isLoaded ? (events.length === 0 ? text.none : text.noMatch) : messages.loading}
          </p>
        ) : (
          <EventTable events={shown} selected={selected} onSelect={setSelected} />
        )}
        <p className="muted note">{messages.uncertainty}</p>
      </section>
      <section className="panel side" aria-label={messages.map.label}>
        <EventMap events={shown} selected={selected} posterior={posterior} onSelect={openEvent} />
      </section>
    </div>
  );
}
