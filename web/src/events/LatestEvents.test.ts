import { createElement } from "react";
import { renderToStaticMarkup } from "react-dom/server";
import { afterEach, describe, expect, it, vi } from "vitest";

import type { EventSummary } from "../api/types";
import { live, type Snapshot } from "../live/liveStore";
import { EventsView } from "./EventsView";
import { hear, LatestEvents, NOTHING_HEARD, type Heard } from "./LatestEvents";

vi.mock("react", async (load) => ({
  ...(await load<object>()),
  useSyncExternalStore: (_: unknown, read: () => unknown) => read(), // there is no server's snapshot
}));
vi.mock("../map/EventMap", () => ({ EventMap: () => null }));

const TIME = "2026-01-01T00:00:00Z";
const event = (id: string, more: Partial<EventSummary> = {}): EventSummary =>
  ({
    event_id: id,
    version: 1,
    kind: "new",
    status: "settled",
    quality: "B",
    time: TIME,
    time_sd_s: 0.1,
    longitude: 12.345,
    latitude: 48.012,
    east_sd_km: 1,
    north_sd_km: 1,
    depth_km: 5,
    depth_sd_km: 1,
    magnitude: 2.1,
    magnitude_type: "ML",
    magnitude_sd: 0.2,
    n_picks: 9,
    is_synthetic: false,
    ...more,
  }) as EventSummary;

afterEach(() => {
  vi.restoreAllMocks();
});

function shown(view: () => React.ReactNode, news: Partial<Snapshot>): string {
  const known = live.current();
  vi.spyOn(live, "current").mockReturnValue({ ...known, isLoaded: true, ...news });
  return renderToStaticMarkup(createElement(view));
}

describe("the newest events", () => {
  it("have their ages and counts outside of what is read aloud", () => {
    const text = shown(LatestEvents, { events: [event("a")], eventCount: 1, dataNowMs: Date.parse(TIME) + 60_000 });
    expect(text).toContain("60 s ago");
    expect(text).not.toMatch(/<(section|ol)[^>]*(aria-live|role="status")/);
    expect(text.match(/<p[^>]*role="status"[^>]*>(.*?)<\/p>/)?.[1]).toBe("");
  });

  it("say that their times are UTC", () => {
    expect(shown(LatestEvents, { events: [event("a")] })).toMatch(/00:00:00\.00 ± 0\.10 s<\/span><\/a> UTC/);
  });
});

describe("a list that holds only the newest events", () => {
  const some = [event("a"), event("b")];

  it.each([LatestEvents, EventsView])("says of how many these are in %o", (view) => {
    expect(shown(view, { events: some, eventCount: 1200 })).toContain("The newest 2 of 1200 events");
  });

  it.each([LatestEvents, EventsView])("says nothing of that where it holds all in %o", (view) => {
    expect(shown(view, { events: some, eventCount: 2 })).not.toContain("The newest");
  });
});

describe("what is read aloud of events", () => {
  const after = (...lists: EventSummary[][]): Heard =>
    lists.reduce((heard, events) => hear(heard, events, true), NOTHING_HEARD);
  const later = event("later", { time: "2026-01-01T00:05:00Z" });

  it("is one that came after the list was read, and not what was in it", () => {
    expect(after([event("a")]).arrived).toBeNull();
    expect(after([event("a")], [later, event("a")]).arrived).toBe(later);
    expect(after([], [later]).arrived).toBe(later);
    expect(hear(NOTHING_HEARD, [later], false)).toBe(NOTHING_HEARD);
  });

  it("stays the same when that one is revised, or an older one comes", () => {
    const revised = event("later", { time: "2026-01-01T00:05:01Z", version: 2, magnitude: 3 });
    expect(after([event("a")], [later], [revised]).arrived).toBe(later);
    expect(after([event("a")], [later], [later, event("old", { time: "2025-01-01T00:00:00Z" })]).arrived).toBe(later);
  });

  it("is no older one that is the newest since another was withdrawn", () => {
    const withdrawn = event("later", { time: later.time, version: 2, kind: "cancel" });
    expect(after([later, event("a")], [withdrawn, event("a")]).arrived).toBeNull();
  });
});
