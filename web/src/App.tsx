/** The page: its head, its views. */

import { Activity, useEffect, useRef } from "react";

import { useAccount } from "./account/account";
import { AccountBox } from "./account/AccountBox";
import { Frame, SignIn } from "./account/SignIn";
import { useViews } from "./account/useViews";
import { nameOf } from "./events/words";
import { useLive } from "./live/liveStore";
import { messages } from "./messages";
import { Choices } from "./ui/Choices";
import { Help } from "./ui/Help";
import { useRoute, type Route } from "./ui/hooks";
import { ServiceNote, StatusBar } from "./ui/StatusBar";
import { addressOf, viewOf, type View } from "./views";
import { Around } from "./told/Words";

/** The page, and in its place the form to sign in; what was being worked on outlasts a sign-in. */
export function App() {
  const { state, me } = useAccount();
  const isOut = state === "out";
  useFocusAfter(isOut);
  if (state === "asking") return <Frame><p className="empty">{messages.loading}</p></Frame>;
  return (
    <>
      {isOut && (
        <Frame>
          <SignIn />
        </Frame>
      )}
      {(!isOut || me !== null) && (
        <Activity mode={isOut ? "hidden" : "visible"}>
          <Page />
        </Activity>
      )}
    </>
  );
}

/** After the form has gone, the focus goes to what has come. */
function useFocusAfter(isOut: boolean) {
  const wasOut = useRef(isOut);
  useEffect(() => {
    if (wasOut.current && !isOut) skip();
    wasOut.current = isOut;
  }, [isOut]);
}

function Page() {
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
        <AccountBox />
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
  const views = useViews();
  return (
    <nav aria-label={messages.nav.label}>
      {views.map((one) => (
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
      <Around told={messages.status.problem} words={problem} />
    </p>
  );
}
