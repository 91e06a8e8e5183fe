import { describe, expect, it } from "vitest";

import { amplified, followed, held, LIVE_VIEW, LONGEST_MS, panned, SHORTEST_MS, windowOf, zoomed } from "./timeView";

const NOW = 1_000_000;

describe("a view", () => {
  it("follows the newest data until it is moved", () => {
    expect(windowOf(LIVE_VIEW, NOW)).toEqual({ startMs: NOW - 60_000, endMs: NOW });
    const back = panned(LIVE_VIEW, -5000, NOW);
    expect(windowOf(back, NOW + 9000)).toEqual({ startMs: NOW - 65_000, endMs: NOW - 5000 });
    expect(panned(back, 6000, NOW).endMs).toBeNull();
    expect(followed(back).endMs).toBeNull();
    expect(held(LIVE_VIEW, NOW).endMs).toBe(NOW);
  });

  it("keeps what is under the pointer when it zooms", () => {
    const view = { ...LIVE_VIEW, endMs: NOW };
    const closer = zoomed(view, 2, 0.25, NOW + 50_000);
    expect(closer.lengthMs).toBe(30_000);
    expect(windowOf(closer, 0).startMs + 0.25 * 30_000).toBe(NOW - 45_000);
    expect(zoomed(closer, 0.5, 0.25, NOW + 50_000)).toEqual(view);
  });

  it("stays live when it zooms at its newest end, and not elsewhere", () => {
    expect(zoomed(LIVE_VIEW, 2, 1, NOW)).toEqual({ lengthMs: 30_000, endMs: null, gain: 1 });
    expect(zoomed(LIVE_VIEW, 2, 0.5, NOW).endMs).toBe(NOW - 15_000);
  });

  it("has limits", () => {
    expect(zoomed(LIVE_VIEW, 1e6, 1, NOW).lengthMs).toBe(SHORTEST_MS);
    expect(zoomed(LIVE_VIEW, 1e-6, 1, NOW).lengthMs).toBe(LONGEST_MS);
    expect(amplified(LIVE_VIEW, 2).gain).toBe(2);
    expect(amplified(LIVE_VIEW, 1e9).gain).toBe(64);
    expect(amplified(LIVE_VIEW, 1e-9).gain).toBe(1 / 16);
  });
});
