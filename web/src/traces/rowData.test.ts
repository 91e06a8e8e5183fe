import { expect, it } from "vitest";

import { TraceBuffer } from "../live/traceBuffer";
import { noiseOf, rowData } from "./rowData";

it("cuts a window, keeps gaps, and places curves of other bins at their time", () => {
  const trace = new TraceBuffer(100, 20);
  trace.put(0, new Float32Array([8, 9, 10]), new Float32Array([12, 11, 14]));
  trace.put(400, new Float32Array([6]), new Float32Array([10]));
  const p = new TraceBuffer(200, 10);
  p.put(0, new Float32Array([0.1, 0.9]), new Float32Array([0.1, 0.9]));
  const row = rowData({ trace, p }, 0, 500);
  expect(row.times).toEqual([0.05, 0.15, 0.25, 0.35, 0.45]);
  expect(row.lowest).toEqual([8, 9, 10, null, 6]);
  expect(row.highest).toEqual([12, 11, 14, null, 10]);
  expect(row.p.map((one) => one?.toFixed(1) ?? null)).toEqual(["0.1", "0.1", "0.9", "0.9", null]);
  expect(row.s).toEqual([null, null, null, null, null]);
  expect(row.noise.map((one) => one?.toFixed(1) ?? null)).toEqual(["0.9", "0.9", "0.1", "0.1", null]);
  expect(row.centre).toBe(10);
  expect(row.amplitude).toBe(4);
});

it("is empty where nothing was recorded", () => {
  const row = rowData({ trace: new TraceBuffer(100, 20) }, 1000, 1300);
  expect(row.lowest).toEqual([null, null, null]);
  expect(row.amplitude).toBe(0);
});

it("draws what was archived where the live buffer knows nothing", () => {
  const trace = new TraceBuffer(100, 3);
  trace.put(400, new Float32Array([1, 1, 1]), new Float32Array([2, 2, 2]));
  const past = new TraceBuffer(200, 10);
  past.put(0, new Float32Array([-7, -7, -7]), new Float32Array([7, 7, 7]));
  const row = rowData({ trace, past }, 0, 700);
  expect(row.times).toEqual([0.1, 0.3, 0.5, 0.7]);
  expect(row.highest).toEqual([7, 7, 2, null]);
  expect(rowData({ trace, past }, 400, 700).highest).toEqual([2, 2, 2]);
});

it("says that what is neither P nor S is noise", () => {
  expect(noiseOf(0.25, 0.5)).toBe(0.25);
  expect(noiseOf(0.75, 0.5)).toBe(0); // highest values of a bin need not be of one sample
  expect(noiseOf(null, 0.5)).toBe(0.5);
  expect(noiseOf(null, null)).toBeNull();
});
