import { expect, it } from "vitest";

import type { SegmentExplanation, SegmentExplanationAnswer } from "../api/types";
import { barsOf, isContrary, reachOf, scoresOf, unitOf } from "./relevance";

const feature = (name: string, relevance: number) => ({ name, relevance, low: relevance - 1, high: relevance + 0.5 });
const told = {
  features: [feature("AGE", -3), feature("SED_AVE", 2), feature("OBLIQUITY", 1), feature("V_UP_NNR", -0.5)],
  bias: 0.75,
  probability: 0.7,
  n_networks: 5,
  n_for: 4,
} as SegmentExplanation;

it("sums up what is not shown, so that all bars make the score", () => {
  const bars = barsOf(told, 2);
  expect(bars.map((one) => one.kind)).toEqual(["feature", "feature", "others", "bias"]);
  expect(bars[2]).toMatchObject({ name: "2", value: 0.5, spread: null });
  expect(bars.reduce((sum, one) => sum + one.value, 0)).toBe(0.25);
  expect(barsOf(told, 4).map((one) => one.kind)).not.toContain("others");
});

it("reaches over bars and whiskers, and zero", () => {
  expect(reachOf(barsOf(told))).toEqual([-4, 2.5]);
  expect(reachOf([{ name: "", kind: "bias", value: 2, spread: null }])).toEqual([0, 2]);
});

it("reads the unit where a description begins with one", () => {
  expect(unitOf("mW/m2; from AGE by GDH1")).toBe("mW/m2");
  expect(unitOf("geoid height of masses; m")).toBe("");
  expect(unitOf("")).toBe("");
});

it("tells when most networks lean to the other side than the probability", () => {
  expect(isContrary(told)).toBe(false);
  expect(isContrary({ ...told, probability: 0.3 })).toBe(true);
  expect(isContrary({ ...told, n_for: 1 })).toBe(true);
  expect(isContrary({ ...told, n_networks: 4, n_for: 2 })).toBe(false);
});

it("compares the networks with the best that knows only the place", () => {
  const macro_f1 = { network: { mean: 0.68 }, "region-prior": { mean: 0.72 }, "nearest-5": { mean: 0.81 } };
  const meta = { model: "network", macro_f1 } as unknown as SegmentExplanationAnswer["meta"];
  expect(scoresOf(meta)).toEqual([0.68, 0.81]);
});
