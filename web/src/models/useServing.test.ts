import { createElement } from "react";
import { renderToStaticMarkup } from "react-dom/server";
import { afterEach, beforeEach, expect, it, vi } from "vitest";

import { Compared, type ServingData } from "./Serving";
import { REST_MS, watchServing, type ServingTold } from "./useServing";

const START = Date.parse("2020-01-01T12:00:00Z");
let told: ServingTold = { serving: null, readMs: 0, problem: null };
let counts = 0;
let isDown = false;

beforeEach(() => {
  vi.useFakeTimers({ now: START });
  vi.stubGlobal("document", { baseURI: "http://here/" });
  vi.stubGlobal("sessionStorage", { getItem: () => null });
  vi.stubGlobal("fetch", () => {
    if (isDown) return Promise.resolve(new Response("", { status: 502, statusText: "Bad Gateway" }));
    counts += 1;
    return Promise.resolve(Response.json({ data: { in_use: null, shadow: { seen: counts } } }));
  });
});
afterEach(() => void vi.useRealTimers());

it("what serves is asked for again and again, and stands with its time beside a failure", async () => {
  const end = watchServing((next) => (told = next(told)));
  await vi.advanceTimersByTimeAsync(0);
  expect(told).toMatchObject({ serving: { shadow: { seen: 1 } }, readMs: START, problem: null });
  await vi.advanceTimersByTimeAsync(REST_MS);
  expect(told).toMatchObject({ serving: { shadow: { seen: 2 } }, readMs: START + REST_MS });
  isDown = true;
  await vi.advanceTimersByTimeAsync(REST_MS);
  expect(told).toMatchObject({ serving: { shadow: { seen: 2 } }, readMs: START + REST_MS });
  expect(told.problem).toContain("502");
  end();
  isDown = false;
  await vi.advanceTimersByTimeAsync(10 * REST_MS);
  expect(counts).toBe(2);
});

it("the numbers of the shadow say of when they are", () => {
  const shadow = {
    name: "twin", state: "running", seen: 1, shed: 0, waiting: 0, phases: {}, problem: "",
  } as unknown as NonNullable<ServingData["shadow"]>;
  expect(renderToStaticMarkup(createElement(Compared, { shadow, readMs: START }))).toContain("2020-01-01 12:00:00 UTC");
});
