import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { LiveConnection, type ConnectionState } from "./connection";
import { FakeSocket } from "./testing";

let sockets: FakeSocket[];
let states: ConnectionState[];
let heard: unknown[];
let connection: LiveConnection;

beforeEach(() => {
  vi.useFakeTimers();
  [sockets, states, heard] = [[], [], []];
  connection = new LiveConnection(
    {
      onState: (state) => states.push(state),
      onOpen: () => connection.send({ type: "subscribe" }),
      onMessage: (data) => heard.push(data),
    },
    () => {
      const socket = new FakeSocket();
      sockets.push(socket);
      return socket;
    },
    () => 1,
  );
  connection.start();
});
afterEach(() => {
  connection.stop();
  vi.useRealTimers();
});

describe("LiveConnection", () => {
  it("opens, subscribes and hands messages over", () => {
    connection.send({ type: "ping" }); // not open yet: nothing is sent
    sockets[0]!.accept();
    sockets[0]!.say("hello");
    expect(sockets[0]!.binaryType).toBe("arraybuffer");
    expect(sockets[0]!.sent).toEqual(['{"type":"subscribe"}']);
    expect(heard).toEqual(["hello"]);
    expect(states).toEqual(["connecting", "open"]);
  });

  it("comes back after ever longer waits, and soon again once it was heard", () => {
    for (const wait of [500, 1000, 2000]) {
      const before = sockets.length;
      sockets.at(-1)!.onclose?.({} as CloseEvent);
      vi.advanceTimersByTime(wait - 1);
      expect(sockets.length).toBe(before);
      vi.advanceTimersByTime(1);
      expect(sockets.length).toBe(before + 1);
    }
    sockets.at(-1)!.accept();
    sockets.at(-1)!.say("hello");
    sockets.at(-1)!.onclose?.({} as CloseEvent);
    vi.advanceTimersByTime(500);
    expect(sockets.length).toBe(5);
  });

  it("gives a silent link up", () => {
    sockets[0]!.accept();
    sockets[0]!.say("hello");
    vi.advanceTimersByTime(9_999);
    expect(sockets[0]!.closed).toBe(false);
    vi.advanceTimersByTime(1);
    expect(sockets[0]!.closed).toBe(true);
    expect(states.at(-1)).toBe("waiting");
  });

  it("stays closed once stopped", () => {
    connection.stop();
    vi.advanceTimersByTime(60_000);
    expect(sockets.length).toBe(1);
    expect(states.at(-1)).toBe("closed");
  });

  it("never waits longer than 15 s", () => {
    expect(LiveConnection.waitMs(60, 1)).toBe(15_000);
    expect(LiveConnection.waitMs(0, 0)).toBe(375);
  });
});
