/** What may be shown under which question: where another one is named, no answer to the former is. */

import { createElement, type FunctionComponent } from "react";
import { renderToStaticMarkup } from "react-dom/server";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import type { EventDetail, EventSummary } from "../api/types";
import { live } from "../live/liveStore";
import { HELLO } from "../live/testing";
import { HelicorderPanel } from "../station/HelicorderPanel";
import { MapLayers } from "./MapLayers";
import { SegmentReasons } from "./SegmentReasons";
import { WavePanel } from "./WavePanel";

const asked = vi.hoisted((): { key: string; question: string | undefined }[] => []);
vi.mock("react", async (load) => ({
  ...(await load<object>()),
  useSyncExternalStore: (_: unknown, read: () => unknown) => read(), // there is no server's snapshot
}));
vi.mock("../ui/hooks", async (load) => ({
  ...(await load<object>()),
  useRequest: (_: unknown, key: string, question?: string) => {
    asked.push({ key, question });
    return { data: null, problem: null };
  },
}));
vi.mock("./LayerSwitch", async (load) => ({
  ...(await load<object>()),
  LayerSwitch: ({ label, children }: { label: string; children: React.ReactNode }) =>
    label === "Shaking of the selected event" ? children : null,
}));

const NOW_MS = Date.parse(HELLO.server_time);
const place = { endMs: null, lengthS: 60, hours: 6, lineMin: 15, scale: "linear" };
const EVENT = { event_id: "a", version: 1, kind: "new", time: HELLO.server_time, depth_km: 10, models: {} };
const event = (more: Partial<EventSummary>) => ({ ...EVENT, ...more }) as EventDetail;

beforeEach(() => {
  vi.useFakeTimers({ now: NOW_MS });
});
afterEach(() => {
  asked.length = 0;
  vi.restoreAllMocks();
  vi.useRealTimers();
});

/** What the requests of a component name as their question. */
function questionsOf<P extends object>(component: FunctionComponent<P>, properties: unknown): (string | undefined)[] {
  asked.length = 0;
  renderToStaticMarkup(createElement(component, properties as P));
  expect(asked.length).toBeGreaterThan(0);
  return asked.map((one) => one.question);
}

describe("nothing is shown of", () => {
  it("the segment that was chosen before", () => {
    const one = questionsOf(SegmentReasons, { region: "Nankai", index: 1 });
    expect(questionsOf(SegmentReasons, { region: "Nankai", index: 2 })).not.toEqual(one);
  });

  it("the event whose shaking was selected before, or of its version before", () => {
    const draw = () => undefined;
    const shaking = (more: Partial<EventSummary>) =>
      questionsOf(MapLayers, { event: event(more), posterior: null, draw });
    const told = [shaking({}), shaking({ event_id: "b" }), shaking({ version: 2 })].map(String);
    expect(new Set(told).size).toBe(3);
  });

  it("the depth that waves came from before", () => {
    const waves = (depth_km: number) => {
      const known = live.current();
      vi.spyOn(live, "current").mockReturnValue({
        ...known, hello: HELLO, dataNowMs: NOW_MS, events: [event({ depth_km })],
      });
      return questionsOf(WavePanel, { isPlacing: false, onPlacing: () => 0, middle: () => null, onDraw: () => 0 });
    };
    expect(waves(10)).not.toEqual(waves(300));
  });

  it("the channel whose hours were shown before, while those of the same one stay as they grow", () => {
    const hours = (traceId: string, newestMs: number) =>
      questionsOf(HelicorderPanel, { code: "XX.A", traceId, place, change: () => 0, newestMs });
    const one = hours("XX.A..HHZ", NOW_MS);
    expect(hours("XX.A..HHN", NOW_MS)).not.toEqual(one);
    expect(hours("XX.A..HHZ", NOW_MS + 10_000)).toEqual(one);
  });
});
