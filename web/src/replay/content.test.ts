import { describe, expect, it } from "vitest";

import type { LivePick } from "../api/types";
import type { ReplayTraces } from "./client";
import { kindOf, rowsOf, signed } from "./content";

const trace = (name: string, values: (number | null)[]) => ({
  trace: name, start: "2020-01-01T00:00:00Z", bin_s: 1, minimum: values, maximum: values,
});

describe("the rows of a replay", () => {
  const told: ReplayTraces = {
    data: [trace("XX.A..HHE", [1, 2]), trace("XX.A..HHZ", [3, null]), trace("XX.A..HH_P", [0.1, 0.9])],
    meta: { start: "2020-01-01T00:00:00Z", end: "2020-01-01T00:00:02Z" },
  };
  const pick = (time: string, station: string) =>
    ({ network: "XX", station, time, kind: "new", phase: "P" }) as LivePick;

  it("begin with the vertical one and carry the curves of their instrument", () => {
    const rows = rowsOf(told, []);
    expect(rows.map((one) => one.trace)).toEqual(["XX.A..HHZ", "XX.A..HHE"]);
    expect(rows[0]!.row.p).toEqual([0.1, 0.9]);
    expect(rows[0]!.row.s).toEqual([null, null]);
  });

  it("have the picks of their station and time", () => {
    const picks = [
      pick("2020-01-01T00:00:01Z", "A"), pick("2020-01-01T00:00:01Z", "B"), pick("2020-01-01T00:01:00Z", "A"),
    ];
    expect(rowsOf(told, picks)[0]!.picks).toEqual([picks[0]]);
  });
});

describe("pairs", () => {
  const none = { time_s: null, distance_km: null, depth_km: null, magnitude: null };
  it.each([
    ["a", "b", "both"],
    ["a", null, "replayed"],
    [null, "b", "stored"],
  ])("of %s and %s are %s", (replayed, stored, kind) => {
    expect(kindOf({ replayed, stored, ...none })).toBe(kind);
  });

  it("show the sign of a difference", () => {
    expect([signed(0.25, 1), signed(-1, 2)]).toEqual(["+0.3", "−1.00"]);
  });
});
