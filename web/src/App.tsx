/** The page: its head, its views. */

import { useEffect } from "react";

import { nameOf } from "./events/words";
import { useLive } from "./live/liveStore";
import { messages } from "./messages";
import { Choices } from "./ui/Choices";
import { Help } from "./ui/Help";
import { useRoute, type Route } from "./ui/hooks";
import { ServiceNote, StatusBar } from "./ui/StatusBar";
import { addressOf, VIEWS, viewOf, type View } from "./views";

export function App() {
  const route = useRoute();
  const view = viewOf(route);
  useTitle(route, view);
  return (
    <>
      <a className="skip" href="#content" onClick={skip}>
        {messages.skip}
      </a>
      <header>
        <h1>{messages.title}</h1>
        <Navigation view={view} />
        <StatusBar />
        <Choices>
          <Help onSkip={skip} />
        </Choices>
        <ServiceNote />
      </header>
      <Problem />
      <main id="content" tabIndex={-1}>
        {view.show(route.part)}
      </main>
    </>
  );
}

/** Name the view in the window's title, or the event that it shows. */
function useTitle(route: Route, view: View) {
  const event = useLive("events").find((one) => one.event_id === route.part);
  const part = event === undefined ? route.part : nameOf(event);
  const name = part ?? view.name;
  useEffect(() => {
    document.title = `${name} – ${messages.title}`;
  }, [name]);
}

/** Move the focus without touching the address, which names the view. */
function skip(event?: { preventDefault: () => void }) {
  event?.preventDefault();
  document.getElementById("content")?.focus();
}

function Navigation({ view }: { view: View }) {
  return (
    <nav aria-label={messages.nav.label}>
      {VIEWS.map((one) => (
        <a
          key={one.path}
          href={addressOf(one)}
          aria-current={one.path === view.path ? "page" : undefined}
        >
          {one.name}
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
