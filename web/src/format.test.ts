import { describe, expect, it } from "vitest";

import { areaKm2, compact, degreeDecimals, latitude, longitude, plusMinus, shortSource, span, utc, utcPlusMinus } from "./format";

describe("numbers with their uncertainty", () => {
  // the same cases as `mainshock.pipeline.wording.format_plus_minus`
  it.each([
    [4.5678, 0.234, "km", "4.6 ± 0.2 km"],
    [4.5678, 0.134, "km", "4.57 ± 0.13 km"],
    [123.4, 41.0, "", "123 ± 41"],
  ])("%f ± %f %s", (value, sd, unit, text) => expect(plusMinus(value, sd, unit)).toBe(text));

  it("shows no more digits of a place than its uncertainty allows", () => {
    expect(degreeDecimals(0.3)).toBe(3);
    expect(degreeDecimals(4)).toBe(2);
    expect(degreeDecimals(120)).toBe(2);
    expect(latitude(-48.04812, 3)).toBe("48.048° S");
    expect(longitude(11.6461, 2)).toBe("11.65° E");
  });
});

describe("times", () => {
  const time = "2010-05-27T16:24:31.962591Z";
  it("are UTC, rounded", () => {
    expect(utc(Date.parse(time))).toBe("2010-05-27 16:24:32");
    expect(utc(Date.parse(time), 1, false)).toBe("16:24:32.0");
    expect(utcPlusMinus(time, 0.23)).toBe("2010-05-27 16:24:32.0 ± 0.2 s");
    expect(utcPlusMinus(time, 0.012, false)).toBe("16:24:31.962 ± 0.012 s");
    expect(utc(Date.parse("2010-12-31T23:59:59.99Z"), 1)).toBe("2011-01-01 00:00:00.0");
  });
  it.each([
    [0.84, "0.8 s"],
    [-3, "-3.0 s"],
    [75, "75 s"],
    [600, "10 min"],
    [9000, "3 h"],
    [864_000, "10 d"],
  ])("%f s is %s", (seconds, text) => expect(span(seconds)).toBe(text));
});

it.each([
  ["replay:/data/of/the/north/iceland/: replay of archived records", "replay:iceland: replay of archived records"],
  ["replay:iceland", "replay:iceland"],
  ["/var/lib/mainshock/monitor", "monitor"],
  ["C:\\data\\monitor", "monitor"],
  ["demo: demonstration replay of 2010 records", "demo: demonstration replay of 2010 records"],
  ["seedlink://host.example:18000/BW_UH1: live records of host.example", "seedlink://host.example:18000/BW_UH1: live records of host.example"],
  ["", ""],
])("shortens %s", (source, short) => expect(shortSource(source)).toBe(short));

it("keeps amplitudes and areas short", () => {
  expect(compact(123_456)).toBe("123456");
  expect(compact(12_345_678)).toBe("1.2e7");
  expect(compact(0.000123)).toBe("1.2e-4");
  expect(compact(0)).toBe("0");
  expect(compact(Number.NaN)).toBe("–");
  expect(areaKm2(1.2345)).toBe("1.2 km²");
  expect(areaKm2(1234.5)).toBe("1235 km²");
});
