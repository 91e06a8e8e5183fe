import { createElement, type ReactElement } from "react";
import { renderToStaticMarkup } from "react-dom/server";
import { beforeEach, expect, it, vi } from "vitest";

import { useShortcut } from "../ui/shortcuts";
import { problemWith, type Replay, type ReplayDetail } from "./client";
import { Head, PauseKey } from "./ReplayPanel";
import { Rows } from "./ReplayView";

const reader = vi.hoisted(() => ({ permissions: [] as string[] }));
vi.mock("../account/account", () => ({ useAccount: () => ({ me: { role: "viewer", ...reader } }) }));
vi.mock("../ui/shortcuts", () => ({ useShortcut: vi.fn() }));
vi.mock("../map/EventMap", () => ({ EventMap: () => null }));

const shown = (element: ReactElement) => renderToStaticMarkup(element);
const replay = {
  replay_id: "r1", start: "2020-01-01T00:00:00Z", end: "2020-01-01T00:10:00Z", state: "running",
  event_count: 1, pick_count: 2, share: 0.5, speed: 10, reached: "2020-01-01T00:05:00Z", problem: "",
} as ReplayDetail;

beforeEach(() => vi.mocked(useShortcut).mockClear());

it.each([
  [["replay"], ["k"]],
  [[], []],
])("who may do %j has the keys %j", (permissions, keys) => {
  reader.permissions = permissions;
  shown(createElement(PauseKey, { onPause: () => undefined }));
  expect(vi.mocked(useShortcut).mock.calls.map(([one]) => one.keys)).toEqual(keys);
});

it("only a new state is spoken, not each second", () => {
  const head = (reached: string) =>
    shown(createElement(Head, { detail: { ...replay, reached }, onSteer: () => undefined }));
  const spoken = (markup: string) => /<span role="status">(.*?)<\/span>/.exec(markup)?.[1];
  expect(head("2020-01-01T00:05:00Z")).toContain("2020-01-01 00:05:00 UTC");
  expect(spoken(head("2020-01-01T00:05:00Z"))).toBe(spoken(head("2020-01-01T00:05:01Z")));
});

it("times of a replay are stated as UTC", () => {
  const list = shown(createElement(Rows, { list: [replay as Replay], onRemove: () => undefined }));
  const head = shown(createElement(Head, { detail: replay, onSteer: () => undefined }));
  for (const told of [list, head]) expect(told).toContain("00:10:00 UTC");
});

it("a refusal is told", async () => {
  expect(await problemWith(Promise.reject(new Error("not yours")))).toBe("not yours");
  expect(await problemWith(Promise.resolve())).toBeNull();
});
