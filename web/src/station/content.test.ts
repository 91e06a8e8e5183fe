import { describe, expect, it } from "vitest";

import { DEFAULT_PLACE, parsePlace, stationAddress } from "./address";
import { frequencyShare, frequencyTicks, timeTicks } from "./axes";
import { byteColours, colourOf } from "./colourMap";
import { helicorderSpan, linesOf, usualAmplitude } from "./lines";

describe("the address of a station", () => {
  it("holds all that is shown", () => {
    const place = {
      traceId: "BW.UH1..SHZ",
      endMs: Date.UTC(2010, 4, 27, 16, 25, 0, 500),
      lengthS: 600,
      scale: "log",
      hours: 24,
      lineMin: 30,
    } as const;
    const address = stationAddress("BW.UH1", place);
    expect(address).toBe("#/station/BW.UH1/BW.UH1..SHZ/2010-05-27T16%3A25%3A00.500Z/600/log/24x30");
    expect(parsePlace(address)).toEqual(place);
  });

  it("may hold less, and ignores what it does not know", () => {
    expect(parsePlace("#/station/BW.UH1")).toEqual(DEFAULT_PLACE);
    expect(parsePlace("#/station/BW.UH1/<b>/never/7/mel/7x7/more")).toEqual(DEFAULT_PLACE);
    expect(parsePlace("#/station/BW.UH1/%/live")).toEqual(DEFAULT_PLACE);
  });
});

describe("axes", () => {
  it("have round times", () => {
    expect(timeTicks(1500, 62_000, 5)).toEqual([15_000, 30_000, 45_000, 60_000]);
  });

  it("have round frequencies", () => {
    expect(frequencyTicks(0, 50, "linear")).toEqual([10, 20, 30, 40, 50]);
    expect(frequencyTicks(0.39, 50, "log")).toEqual([0.5, 1, 2, 5, 10, 20, 50]);
    expect(frequencyShare(5, 0.5, 50, "log")).toBeCloseTo(0.5);
    expect(frequencyShare(25, 0, 50, "linear")).toBe(0.5);
  });
});

describe("colours", () => {
  it("run from dark to bright", () => {
    expect(colourOf(-1)).toEqual([68, 1, 84]);
    expect(colourOf(0.5)).toEqual([33, 144, 141]);
    expect(colourOf(2)).toEqual([253, 231, 37]);
    const brightness = Array.from({ length: 21 }, (_, at) => colourOf(at / 20)).map(
      ([r, g, b]) => 0.21 * r + 0.72 * g + 0.07 * b,
    );
    expect([...brightness].sort((a, b) => a - b)).toEqual(brightness);
  });

  it("leave unknown bytes clear", () => {
    const colours = byteColours(-10, 0.5, [0, 10]);
    expect([...colours.slice(0, 4)]).toEqual([0, 0, 0, 0]);
    expect([...colours.slice(4 * 21, 4 * 21 + 4)]).toEqual([68, 1, 84, 255]); // 0 dB
    expect([...colours.slice(4 * 41, 4 * 41 + 4)]).toEqual([253, 231, 37, 255]); // 10 dB
  });
});

describe("a helicorder", () => {
  const minute = 60_000;

  it("ends with the line of the newest data", () => {
    const newest = 1000 * 3_600_000 + 7 * minute;
    expect(helicorderSpan(newest, newest, 6, 15)).toEqual({
      startMs: 994 * 3_600_000 + 15 * minute,
      endMs: 1000 * 3_600_000 + 15 * minute,
    });
  });

  it("lies around a window far in the past", () => {
    const hour = 3_600_000;
    expect(helicorderSpan(1000 * hour, 500 * hour, 6, 60)).toEqual({ startMs: 497 * hour, endMs: 503 * hour });
  });

  it("divides bins into lines, and knows the empty ones", () => {
    const bins = {
      startMs: 0,
      binMs: minute,
      minimum: new Float32Array([8, 9, NaN, NaN, -2]),
      maximum: new Float32Array([12, 11, NaN, NaN, 2]),
    };
    const lines = linesOf(bins, 0, 6 * minute, 2);
    expect(lines.map((one) => [one.centre, one.peak])).toEqual([
      [10, 2],
      [null, 0],
      [0, 2],
    ]);
    expect(lines[2]).toMatchObject({ first: 4, pastLast: 5, startMs: 4 * minute, endMs: 6 * minute });
    expect(linesOf(null, 0, 4 * minute, 2).map((one) => one.centre)).toEqual([null, null]);
    expect(usualAmplitude(bins)).toBe(5);
  });
});
