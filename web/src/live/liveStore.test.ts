import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import type { EventSummary } from "../api/types";
import { LiveStore } from "./liveStore";
import { encodeFrame, FakeSocket, HELLO, stubService } from "./testing";

const NOW_MS = Date.parse(HELLO.server_time);
const TRACE = "XX.A..HHZ";
const event = (id: string, more: Partial<EventSummary> = {}) =>
  ({ event_id: id, version: 1, kind: "new", time: HELLO.server_time, ...more }) as EventSummary;

let store: LiveStore;
let sockets: FakeSocket[];
let asked: URL[];
/** What the service answers when it is asked for events. */
let told: { data: EventSummary[]; meta: { count: number } } | Error;

beforeEach(() => {
  vi.useFakeTimers({ now: NOW_MS });
  told = { data: [event("a")], meta: { count: 1200 } };
  ({ sockets, asked } = stubService((url) => (url.pathname.endsWith("/events") ? told : { data: [] })));
  store = new LiveStore();
});
afterEach(() => {
  store.stop();
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

/** Let the connection be made, and what was told be shown. */
async function connect(hello: object = HELLO): Promise<FakeSocket> {
  store.start();
  const socket = sockets.at(-1)!;
  socket.accept();
  socket.tell("hello", hello);
  await vi.advanceTimersByTimeAsync(300);
  return socket;
}

/** Lose the connection, and greet again after the wait. */
async function connectAgain(socket: FakeSocket): Promise<FakeSocket> {
  socket.onclose?.({} as CloseEvent);
  await vi.advanceTimersByTimeAsync(500);
  const next = sockets.at(-1)!;
  next.accept();
  next.tell("hello", HELLO);
  await vi.advanceTimersByTimeAsync(300);
  return next;
}

const wishesForEvents = () => asked.filter((url) => url.pathname.endsWith("/events")).length;

describe("a reading that fails after the connection came back", () => {
  it("is made again until it succeeds", async () => {
    const socket = await connect();
    expect(store.current().isLoaded).toBe(true);
    told = new TypeError("network");
    await connectAgain(socket);
    told = { data: [event("missed")], meta: { count: 1 } };
    await vi.advanceTimersByTimeAsync(1000);
    expect(store.current().events.map((one) => one.event_id)).toEqual(["missed"]);
    expect(store.current().problem).toBeNull();
  });

  it("is not made again once the store was stopped", async () => {
    const socket = await connect();
    told = new TypeError("network");
    await connectAgain(socket);
    store.stop();
    const before = wishesForEvents();
    await vi.advanceTimersByTimeAsync(120_000);
    expect(wishesForEvents()).toBe(before);
  });
});

describe("live records", () => {
  it("of earlier times than before are taken after the service has come back", async () => {
    const socket = await connect();
    store.subscribe({ traces: [TRACE], seconds: 60, pixels: 600 });
    socket.say(encodeFrame(1, TRACE, NOW_MS, 100, [[1], [2]]));
    expect(store.buffers.get(TRACE)!.endMs).toBe(NOW_MS + 100);
    const next = await connectAgain(socket);
    expect(store.buffers.size).toBe(0);
    const hourBeforeMs = NOW_MS - 3_600_000;
    next.say(encodeFrame(1, TRACE, hourBeforeMs, 100, [[3], [4]]));
    expect(store.buffers.get(TRACE)!.endMs).toBe(hourBeforeMs + 100);
    expect(store.buffers.get(TRACE)!.highest(hourBeforeMs / 100)).toBe(4);
  });
});

describe("the age of data", () => {
  it("grows while a live service is out of reach", async () => {
    const socket = await connect();
    socket.onclose?.({} as CloseEvent);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(store.current().dataNowMs! - NOW_MS).toBeGreaterThanOrEqual(59_000);
    expect(store.current().streamMs).toBe(NOW_MS);
  });

  it("stays while a replay is out of reach", async () => {
    const socket = await connect({ ...HELLO, is_live: false });
    socket.onclose?.({} as CloseEvent);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(store.current().dataNowMs).toBe(NOW_MS);
  });
});

describe("the number of events", () => {
  it("is what the service has, of which the list holds the newest", async () => {
    await connect();
    expect(store.current().events).toHaveLength(1);
    expect(store.current().eventCount).toBe(1200);
  });

  it("grows with each new event, and with no new version of one that is not in the list", async () => {
    const socket = await connect();
    socket.tell("event", event("b"));
    socket.tell("event", event("old", { version: 3, kind: "update", time: "2020-01-01T00:00:00Z" }));
    await vi.advanceTimersByTimeAsync(300);
    expect(store.current().eventCount).toBe(1201);
  });
});
