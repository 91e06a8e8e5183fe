/** What tests of live data need: a socket that is made up, a service behind it, and a writer of frames. */

import { vi } from "vitest";

import type { SocketLike } from "./connection";

export class FakeSocket implements SocketLike {
  binaryType: BinaryType = "blob";
  readyState = 0;
  onopen: SocketLike["onopen"] = null;
  onclose: SocketLike["onclose"] = null;
  onmessage: SocketLike["onmessage"] = null;
  sent: string[] = [];
  closed = false;
  send(data: string) {
    this.sent.push(data);
  }
  close() {
    this.closed = true;
  }
  accept() {
    this.readyState = 1;
    this.onopen?.({} as Event);
  }
  say(data: string | ArrayBuffer) {
    this.onmessage?.({ data } as MessageEvent);
  }
  tell(type: string, data: unknown) {
    this.say(JSON.stringify({ type, data }));
  }
}

export const HELLO = {
  server_time: "2026-01-01T00:00:00Z",
  source: "seedlink:host",
  is_synthetic: false,
  is_live: true,
  version: "1",
  stream_time: "2026-01-01T00:00:00Z",
};

/** Put a service in place of the network; an answer that is an error is one of the network. */
export function stubService(answer: (url: URL) => unknown): { sockets: FakeSocket[]; asked: URL[] } {
  const [sockets, asked]: [FakeSocket[], URL[]] = [[], []];
  const make = function (): FakeSocket {
    const socket = new FakeSocket();
    sockets.push(socket);
    return socket;
  };
  vi.stubGlobal("WebSocket", make);
  vi.stubGlobal("document", { baseURI: "http://service/" });
  vi.stubGlobal("sessionStorage", { getItem: () => null });
  vi.stubGlobal("fetch", async (url: URL) => {
    asked.push(url);
    const told = await answer(url);
    if (told instanceof Error) throw told;
    return Response.json(told);
  });
  return { sockets, asked };
}

/** An independent writer of the documented layout. */
export function encodeFrame(
  kind: number,
  id: string,
  startMs: number,
  binMs: number,
  rows: number[][],
  format = 1,
): ArrayBuffer {
  const name = new TextEncoder().encode(id);
  const padded = name.length + ((8 - (name.length % 8)) % 8);
  const count = rows[0]?.length ?? 0;
  const buffer = new ArrayBuffer(24 + padded + 4 * rows.flat().length);
  const view = new DataView(buffer);
  view.setUint8(0, format);
  view.setUint8(1, kind);
  view.setUint16(2, name.length, true);
  view.setUint32(4, count, true);
  view.setFloat64(8, startMs, true);
  view.setFloat64(16, binMs, true);
  new Uint8Array(buffer, 24, name.length).set(name);
  rows.flat().forEach((value, index) => view.setFloat32(24 + padded + 4 * index, value, true));
  return buffer;
}
