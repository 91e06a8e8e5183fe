import { createElement } from "react";
import { renderToStaticMarkup } from "react-dom/server";
import { expect, it, vi } from "vitest";

import type { EventSummary } from "../api/types";
import { catalogue } from "./catalogueStore";
import { MapPage } from "./MapPage";

vi.mock("react", async (load) => ({
  ...(await load<object>()),
  useSyncExternalStore: (_: unknown, read: () => unknown) => read(), // there is no server's snapshot
}));

it("says that the times of the newest events are UTC", () => {
  vi.stubGlobal("localStorage", { getItem: () => null });
  const time = "2026-01-01T00:00:00Z";
  const [status, quality, kind] = ["settled", "B", "new"];
  const event = { event_id: "a", version: 1, kind, status, quality, time, longitude: 0, latitude: 0, depth_km: 5 };
  catalogue.put([{ ...event, magnitude: 2.1 } as EventSummary]);
  expect(renderToStaticMarkup(createElement(MapPage))).toContain("2026-01-01 00:00:00 UTC, M 2.1");
  vi.unstubAllGlobals();
});
