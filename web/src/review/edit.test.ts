import { describe, expect, it } from "vitest";

import type { ArrivalRow } from "../api/types";
import { begin, changed, sent, timeText } from "./edit";

const arrival = (station: string, phase: string, time: string): ArrivalRow => ({
  network: "BW",
  station,
  location: "",
  phase,
  time,
  probability: 0.9,
  sigma_s: 0.05,
  distance_km: 3,
  azimuth_deg: 10,
  residual_s: 0.01,
  inlier_probability: 1,
});
const TIME = "2010-05-27T16:24:33.123456Z";
const fresh = () => begin([arrival("UH1", "P", TIME), arrival("UH2", "P", TIME)]);

describe("picks that are edited", () => {
  it("are sent at the very times that the service told", () => {
    expect(sent(fresh())[0]).toEqual({
      network: "BW",
      station: "UH1",
      location: "",
      phase: "P",
      time: TIME,
      sigma_s: 0.05,
    });
  });

  it("are moved, and go back", () => {
    const moved = changed(fresh(), { kind: "move", id: "0", timeMs: Date.parse(TIME) + 250 });
    expect(sent(moved)[0]!.time).toBe("2010-05-27T16:24:33.373000Z");
    expect(sent(changed(moved, { kind: "undo" }))[0]!.time).toBe(TIME);
  });

  it("go back over a whole drag at once", () => {
    let edit = changed(fresh(), { kind: "move", id: "0", timeMs: 1000 });
    edit = changed(edit, { kind: "move", id: "0", timeMs: 2000, isDrag: true });
    expect(edit.before).toHaveLength(1);
    expect(sent(changed(edit, { kind: "undo" }))[0]!.time).toBe(TIME);
  });

  it("are added once for each station and phase", () => {
    const change = { kind: "add", network: "BW", station: "UH1", phase: "S", timeMs: 5 } as const;
    const edit = changed(fresh(), change);
    expect(edit.picks.map((one) => `${one.station} ${one.phase}`)).toContain("UH1 S");
    expect(changed(edit, change)).toBe(edit);
    const ids = edit.picks.map((one) => one.id);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it("take another phase only where there is none of it", () => {
    const both = changed(fresh(), { kind: "add", network: "BW", station: "UH1", phase: "S", timeMs: 5 });
    expect(changed(both, { kind: "phase", id: "0", phase: "S" })).toBe(both);
    expect(changed(both, { kind: "phase", id: "1", phase: "S" }).picks[1]!.phase).toBe("S");
  });

  it("are removed, and take errors within limits", () => {
    expect(changed(fresh(), { kind: "remove", id: "1" }).picks).toHaveLength(1);
    expect(changed(fresh(), { kind: "sigma", id: "0", sigmaS: 1e-9 }).picks[0]!.sigmaS).toBe(0.001);
    const edit = fresh();
    expect(changed(edit, { kind: "sigma", id: "0", sigmaS: Number.NaN })).toBe(edit);
    expect(changed(edit, { kind: "move", id: "9", timeMs: 1 })).toBe(edit);
  });

  it("state microseconds", () => {
    expect(timeText(1000.5)).toBe("1970-01-01T00:00:01.000500Z");
    expect(timeText(1000.9999)).toBe("1970-01-01T00:00:01.000999Z");
  });
});
