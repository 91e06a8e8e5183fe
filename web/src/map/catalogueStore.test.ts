import { afterEach, beforeEach, expect, it, vi } from "vitest";

import type { EventSummary } from "../api/types";
import { LiveStore } from "../live/liveStore";
import { HELLO, stubService, type FakeSocket } from "../live/testing";
import { Catalogue } from "./catalogueStore";

const event = (id: string, more: Partial<EventSummary> = {}): EventSummary =>
  ({
    event_id: id,
    version: 1,
    kind: "new",
    status: "settled",
    quality: "B",
    time: HELLO.server_time,
    longitude: 0,
    latitude: 0,
    depth_km: 5,
    magnitude: 1,
    ...more,
  }) as EventSummary;

let store: LiveStore;
let catalogue: Catalogue;
let sockets: FakeSocket[];
let asked: URL[];
/** All events of the service. */
let known: EventSummary[];

beforeEach(() => {
  vi.useFakeTimers({ now: Date.parse(HELLO.server_time) });
  known = [event("a"), event("b")];
  ({ sockets, asked } = stubService((url) => {
    if (!url.pathname.endsWith("/events")) return { data: [] };
    const isWhole = url.searchParams.get("include_cancelled") === "true";
    const data = known.filter((one) => isWhole || one.kind !== "cancel");
    return { data, meta: { count: data.length } };
  }));
  store = new LiveStore();
  catalogue = new Catalogue();
  store.follow(catalogue);
});
afterEach(() => {
  store.stop();
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

async function greet(): Promise<FakeSocket> {
  if (sockets.length === 0) store.start();
  else {
    sockets.at(-1)!.onclose?.({} as CloseEvent);
    await vi.advanceTimersByTimeAsync(500);
  }
  sockets.at(-1)!.accept();
  sockets.at(-1)!.tell("hello", HELLO);
  await vi.advanceTimersByTimeAsync(300);
  return sockets.at(-1)!;
}

const wishesForAll = () => asked.filter((url) => url.searchParams.has("include_cancelled")).length;

it("learns after each greeting what was withdrawn or reviewed while the service was away", async () => {
  catalogue.listen(() => undefined);
  catalogue.read();
  await greet();
  expect(catalogue.rows.map((row) => row.state)).toEqual(["settled", "settled"]);
  known = [event("a", { version: 2, kind: "cancel" }), event("b", { version: 2, status: "rejected" })];
  await greet();
  expect(catalogue.rows.map((row) => row.state)).toEqual(["cancelled", "rejected"]);
});

it("takes each event that is told, however old it is", async () => {
  catalogue.listen(() => undefined);
  catalogue.read();
  const socket = await greet();
  const newer = Array.from({ length: 600 }, (_, n) => event(`n${n}`, { time: "2026-01-02T00:00:00Z" }));
  for (const one of newer) socket.tell("event", one);
  socket.tell("event", event("a", { version: 2, status: "reviewed" }));
  await vi.advanceTimersByTimeAsync(300);
  expect(store.current().events.some((one) => one.event_id === "a")).toBe(false);
  expect(catalogue.rowOf("a")?.state).toBe("reviewed");
});

it("reads nothing while nobody looks, and once somebody does", async () => {
  await greet();
  expect(wishesForAll()).toBe(0);
  catalogue.listen(() => undefined);
  catalogue.read();
  await vi.advanceTimersByTimeAsync(300);
  expect([wishesForAll(), catalogue.rows.length]).toEqual([1, 2]);
  catalogue.read();
  await vi.advanceTimersByTimeAsync(300);
  expect(wishesForAll()).toBe(1);
});
