/** The first view: what arrives now, where it is, and the newest events. */

import { LatestEvents } from "../events/LatestEvents";
import { LatestPicks } from "../events/LatestPicks";
import { usePosterior } from "../events/usePosterior";
import { useLive } from "../live/liveStore";
import { EventMap } from "../map/EventMap";
import { messages } from "../messages";
import { openEvent } from "../ui/hooks";
import { StoredNote } from "./StoredNote";
import { TracePanel } from "./TracePanel";

export function LiveView() {
  const events = useLive("events");
  const posterior = usePosterior(events.find((event) => event.kind !== "cancel"));
  const isStored = useLive("service")?.is_stored ?? false;
  return (
    <div className="columns live-view">
      {isStored ? <StoredNote /> : <TracePanel />}
      <div className="side">
        <section className="panel" aria-label={messages.map.label}>
          <EventMap
            events={events}
            posterior={posterior}
            regionsText={messages.map.regionsOfNewest}
            onSelect={openEvent}
          />
        </section>
        <LatestEvents />
      </div>
      <LatestPicks />
    </div>
  );
}
