import { expect, it } from "vitest";

import { moved, played, playFrom, rangeAt, STEPS } from "./timeline";

it("names times by places", () => {
  expect(rangeAt({ startMs: 1000, endMs: 3000 }, 250, STEPS)).toEqual({ startMs: 1500, endMs: 3000 });
});

it("keeps the ends in order; the one that moves pushes the other", () => {
  expect(moved([200, 400], 0, 300)).toEqual([300, 400]);
  expect(moved([200, 400], 0, 500)).toEqual([500, 500]);
  expect(moved([200, 400], 1, 100)).toEqual([100, 100]);
  expect(moved([200, 400], 1, 2 * STEPS)).toEqual([200, STEPS]);
});

it("plays a range from the start so that it grows, and another one along", () => {
  expect(played([0, 100], 1, 10)).toEqual([0, 200]);
  expect(played([50, 100], 1, 10)).toEqual([150, 200]);
  expect(played([50, 950], 1, 10)).toEqual([100, STEPS]);
  expect(played([50, STEPS], 1, 10)).toBeNull();
});

it("begins anew where a range has reached the end", () => {
  expect(playFrom([0, 300])).toEqual([0, 300]);
  expect(playFrom([0, STEPS])).toEqual([0, 0]);
  const [from, to] = playFrom([700, STEPS]);
  expect([Math.round(from), to]).toEqual([0, 300]);
  expect(played([from, to], 1, 10)![0]).toBeGreaterThan(99); // it moves along and does not grow
});
