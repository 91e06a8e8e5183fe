import { expect, it } from "vitest";

import { histogram, ticks } from "./DepthHistogram";

it("shares all draws among the bins", () => {
  const { low, step, shares } = histogram([1, 2, 3, 9], 4);
  expect([low, step]).toEqual([1, 2]);
  expect(shares).toEqual([0.5, 0.25, 0, 0.25]);
  expect(histogram([5, 5], 3).shares).toEqual([1, 0, 0]);
});

it("marks round depths", () => {
  expect(ticks(0.3, 12.4)).toEqual([5, 10]);
  expect(ticks(-1.2, 3.1)).toEqual([0, 2]);
  expect(ticks(0, 700)).toEqual([0, 200, 400, 600]);
});
