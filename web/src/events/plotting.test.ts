import { describe, expect, it } from "vitest";

import type { EventSummary, Posterior, VersionRow } from "../api/types";
import { arrivalsCsv, changeOf, levelOf, offsetKm, recordPath, sectionsOf, ticksOf, versionOf } from "./plotting";

const bins = {
  start: "1970-01-01T00:00:00Z",
  bin_s: 1,
  minimum: [-1, null, 2],
  maximum: [3, null, 2],
};

describe("records", () => {
  it("are drawn around their mean, and broken in gaps", () => {
    expect(levelOf(bins)).toEqual({ middle: 1.5, reach: 2.5 });
    const path = recordPath(bins, (ms) => ms / 1000, (value) => value);
    expect(path).toBe("M0.5 -1.0L0.5 3.0M2.5 2.0");
    expect(levelOf({ ...bins, minimum: [null], maximum: [null] })).toBeNull();
  });
});

describe("cross sections", () => {
  const event = { event_id: "a", longitude: 10, latitude: 0, depth_km: 5, depth_sd_km: 0.5 } as EventSummary;
  const near = { ...event, event_id: "b", longitude: 10.01, depth_km: 6 };
  const samples = { longitude: [10.009], latitude: [0.018], depth_km: [5.5], time_s: [0] };
  const posterior = { samples } as unknown as Posterior;

  it("show draws and neighbours to the east and to the north", () => {
    const [east, north] = sectionsOf(event, posterior, [event, near]);
    expect(east.draws[0]!.along).toBeCloseTo(1.0, 1);
    expect(north.draws[0]!.along).toBeCloseTo(2.0, 1);
    expect(east.neighbours.map((one) => one.event.event_id)).toEqual(["b"]);
    expect(north.neighbours[0]!.along).toBeCloseTo(0, 6);
  });

  it("leave out what is withdrawn or far away", () => {
    const far = { ...near, latitude: 3 };
    const gone = { ...near, kind: "cancel" } as EventSummary;
    expect(sectionsOf(event, posterior, [far, gone])[0].neighbours).toEqual([]);
    expect(sectionsOf(event, null, [])[0].draws).toEqual([]);
  });

  it("cross 180 degrees", () => {
    expect(offsetKm({ longitude: 179.9, latitude: 0 }, { longitude: -179.9, latitude: 0 })[0]).toBeCloseTo(22.2, 1);
  });
});

describe("versions", () => {
  it("are told by what they changed", () => {
    const row = (one: object) =>
      ({ longitude: 0, latitude: 0, depth_km: 5, magnitude: 1, n_picks: 4, ...one }) as VersionRow;
    const found = changeOf(row({}), row({ latitude: 0.01, depth_km: 4, magnitude: 1.2, n_picks: 6 }));
    expect(found.movedKm).toBeCloseTo(1.112, 3);
    expect([found.deeperKm, found.picks]).toEqual([-1, 2]);
    expect(found.magnitude).toBeCloseTo(0.2, 6);
    expect(changeOf(row({ magnitude: null }), row({})).magnitude).toBeNull();
  });

  it("are named by the address", () => {
    expect(versionOf("#/events/a%2Fb/12")).toBe(12);
    expect(versionOf("#/events/a")).toBeNull();
    expect(versionOf("#/events/a/x")).toBeNull();
  });
});

it("writes arrivals as a table", () => {
  const lines = arrivalsCsv([{ network: "BW", station: "UH1", phase: "P", location: "" }]).split("\n");
  expect(lines[0]).toContain("network,station,location,phase,time");
  expect(lines[1]).toBe("BW,UH1,,P,,,,,,,");
});

it("finds round ticks", () => {
  expect(ticksOf(0, 10, 5)).toEqual([0, 2, 4, 6, 8, 10]);
  expect(ticksOf(3, 3)).toEqual([3]);
});
