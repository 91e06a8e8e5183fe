import { createElement } from "react";
import { renderToStaticMarkup } from "react-dom/server";
import { afterEach, expect, it, vi } from "vitest";

import { live, type Snapshot } from "../live/liveStore";
import { HELLO } from "../live/testing";
import { StatusBar } from "./StatusBar";

vi.mock("react", async (load) => ({
  ...(await load<object>()),
  useSyncExternalStore: (_: unknown, read: () => unknown) => read(), // there is no server's snapshot
}));

afterEach(() => {
  vi.restoreAllMocks();
});

function shown(news: Partial<Snapshot>): string {
  const known = live.current();
  vi.spyOn(live, "current").mockReturnValue({ ...known, ...news });
  return renderToStaticMarkup(createElement(StatusBar));
}

it("reads aloud the state of the connection, and not the times that change each second", () => {
  const text = shown({ connection: "open", hello: HELLO, streamMs: Date.parse(HELLO.server_time) });
  const aloud = [...text.matchAll(/<(\w+)[^>]*role="status"[^>]*>(.*?)<\/\1>/g)].map((found) => found[2]);
  expect(aloud).toEqual(["Page connected"]);
  expect(text).toContain("2026-01-01 00:00:00 UTC");
});
