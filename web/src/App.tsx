/** The page: its head, its views. */

import { useEffect } from "react";

import { EventDetail } from "./events/EventDetail";
import { EventsView } from "./events/EventsView";
import { LatestEvents } from "./events/LatestEvents";
import { LatestPicks } from "./events/LatestPicks";
import { nameOf } from "./events/words";
import { usePosterior } from "./events/usePosterior";
import { FaultsView } from "./faults/FaultsView";
import { ForecastView } from "./forecast/ForecastView";
import { useLive } from "./live/liveStore";
import { EventMap } from "./map/EventMap";
import { messages } from "./messages";
import { ShakingView } from "./shaking/ShakingView";
import { StationsView } from "./stations/StationsView";
import { StoredNote } from "./traces/StoredNote";
import { TracePanel } from "./traces/TracePanel";
import { openEvent, useRoute, type Route } from "./ui/hooks";
import { ServiceNote, StatusBar } from "./ui/StatusBar";

export function App() {
  const route = useRoute();
  useTitle(route);
  return (
    <>
      <a className="skip" href="#content" onClick={skip}>
        {messages.skip}
      </a>
      <header>
        <h1>{messages.title}</h1>
        <Navigation view={route.view} />
        <StatusBar />
        <ServiceNote />
      </header>
      <Problem />
      <main id="content" tabIndex={-1}>
        <View route={route} />
      </main>
    </>
  );
}

/** Name the view in the window's title. */
function useTitle(route: Route) {
  const events = useLive("events");
  const event = events.find((one) => route.view === "event" && one.event_id === route.eventId);
  const name =
    route.view !== "event"
      ? messages.nav[route.view]
      : event === undefined
        ? route.eventId
        : nameOf(event);
  useEffect(() => {
    document.title = `${name} – ${messages.title}`;
  }, [name]);
}

/** Move the focus without touching the address, which names the view. */
function skip(event: { preventDefault: () => void }) {
  event.preventDefault();
  document.getElementById("content")?.focus();
}

function Navigation({ view }: { view: Route["view"] }) {
  const links = [
    { views: ["live"], address: "#/", text: messages.nav.live },
    { views: ["events", "event"], address: "#/events", text: messages.nav.events },
    { views: ["forecast"], address: "#/forecast", text: messages.nav.forecast },
    { views: ["stations"], address: "#/stations", text: messages.nav.stations },
    { views: ["faults"], address: "#/faults", text: messages.nav.faults },
    { views: ["shaking"], address: "#/shaking", text: messages.nav.shaking },
  ];
  return (
    <nav aria-label={messages.nav.label}>
      {links.map((link) => (
        <a
          key={link.address}
          href={link.address}
          aria-current={link.views.includes(view) ? "page" : undefined}
        >
          {link.text}
        </a>
      ))}
    </nav>
  );
}

function Problem() {
  const problem = useLive("problem");
  if (problem === null) return null;
  return (
    <p className="problem" role="alert">
      {messages.status.problem(problem)}
    </p>
  );
}

function View({ route }: { route: Route }) {
  switch (route.view) {
    case "events":
      return <EventsView />;
    case "event":
      return <EventDetail key={route.eventId} eventId={route.eventId} />;
    case "stations":
      return <StationsView />;
    case "faults":
      return <FaultsView />;
    case "forecast":
      return <ForecastView />;
    case "shaking":
      return <ShakingView />;
    default:
      return <LiveView />;
  }
}

function LiveView() {
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
