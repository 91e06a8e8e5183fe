/** The views of the page: one entry each gives its address, its link, its key and its content. */

import type { ReactNode } from "react";

import { LazyAudit, LazyUsers } from "./account/LazyAdmin";
import type { Permission } from "./account/permissions";
import { EventDetail } from "./events/EventDetail";
import { EventsView } from "./events/EventsView";
import { LazyArchive, LazyExplore, LazyModels, LazyReplay } from "./explore/LazyViews";
import { FaultsView } from "./faults/FaultsView";
import { ForecastView } from "./forecast/ForecastView";
import { LazyMapPage } from "./map/LazyMapPage";
import { messages } from "./messages";
import { ShakingView } from "./shaking/ShakingView";
import { StationPage } from "./station/StationPage";
import { StationsView } from "./stations/StationsView";
import { LiveView } from "./traces/LiveView";
import type { Route } from "./ui/hooks";

export interface View {
  /** The address is `#/` and this; the first view has none. */
  path: string;
  /** In the navigation, and in the window's title. */
  name: string;
  /** `g` and then this letter goes there; each view has its own. */
  key: string;
  /** Told of only to accounts that have it, where there are accounts. */
  permission?: Permission;
  /** The content; `part` is what follows in the address, such as an event, or null. */
  show: (part: string | null) => ReactNode;
}

const { nav } = messages;

export const VIEWS: readonly View[] = [
  { path: "", name: nav.live, key: "l", show: () => <LiveView /> },
  {
    path: "events",
    name: nav.events,
    key: "e",
    show: (part) => (part === null ? <EventsView /> : <EventDetail key={part} eventId={part} />),
  },
  { path: "map", name: messages.mapTools.nav, key: "m", show: () => <LazyMapPage /> },
  { path: "forecast", name: nav.forecast, key: "o", show: () => <ForecastView /> },
  {
    path: "stations",
    name: nav.stations,
    key: "s",
    show: (part) => (part === null ? <StationsView /> : <StationPage key={part} code={part} />),
  },
  { path: "faults", name: nav.faults, key: "f", show: () => <FaultsView /> },
  { path: "explore", name: messages.explore.nav, key: "x", show: (part) => <LazyExplore part={part} /> },
  { path: "archive", name: messages.archive.nav, key: "a", show: () => <LazyArchive /> },
  { path: "replay", name: messages.replay.nav, key: "r", show: (part) => <LazyReplay part={part} /> },
  { path: "models", name: messages.models.nav, key: "w", show: (part) => <LazyModels part={part} /> },
  { path: "shaking", name: nav.shaking, key: "h", show: () => <ShakingView /> },
  { path: "users", name: messages.account.usersNav, key: "u", permission: "users", show: () => <LazyUsers /> },
  { path: "audit", name: messages.account.auditNav, key: "i", permission: "audit", show: () => <LazyAudit /> },
];

/** The view that an address names; the first one where it names none. */
export const viewOf = (route: Route): View =>
  VIEWS.find((view) => view.path === (ALSO[route.path] ?? route.path)) ?? VIEWS[0]!;

/** Addresses of one thing that belong to the view of many. */
const ALSO: Record<string, string> = { station: "stations" };

export const addressOf = (view: View): string => `#/${view.path}`;
