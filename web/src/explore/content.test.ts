import { describe, expect, it } from "vitest";

import { marksOf, roomy } from "./axes";
import { closest } from "./ArchiveView";
import { decode, type Columns } from "./columns";
import { asCsv, asQuakeMl } from "./exports";
import { secondsOf } from "./FilterFields";
import { asAddress, boxArea, chosenOf, FIRST, fromAddress, isInside, maskOf, NO_FILTERS, type Place } from "./filters";
import { sectionPoints } from "./sections";
import { atLeast, binned, summaryOf } from "./summary";

function events(n: number): Columns {
  const from = (make: (i: number) => number) => Float32Array.from({ length: n }, (_, i) => make(i));
  return {
    n,
    isSynthetic: false,
    ids: Array.from({ length: n }, (_, i) => `event ${i}`),
    timeS: Float64Array.from({ length: n }, (_, i) => 1e9 + 60 * i),
    magnitude: from((i) => (i % 10) / 10 + 1),
    longitude: from((i) => -117 + (i % 100) / 100),
    latitude: from((i) => 34 + Math.floor(i / 100) / 100),
    depthKm: from((i) => (i % 7 === 0 ? NaN : i % 20)),
    quality: Uint8Array.from({ length: n }, (_, i) => i % 5),
  };
}

describe("the bytes of a catalogue", () => {
  it("become columns", () => {
    const header = JSON.stringify({
      n: 2, is_synthetic: true, ids: ["a", "b"],
      columns: [
        { name: "time_s", type: "f8", offset: 0 },
        { name: "magnitude", type: "f4", offset: 16 },
        { name: "longitude", type: "f4", offset: 24 },
        { name: "latitude", type: "f4", offset: 32 },
        { name: "depth_km", type: "f4", offset: 40 },
        { name: "quality", type: "u1", offset: 48 },
      ],
    });
    const start = Math.ceil((4 + header.length) / 8) * 8;
    const bytes = new ArrayBuffer(start + 56);
    new DataView(bytes).setUint32(0, header.length, true);
    new Uint8Array(bytes, 4, header.length).set(new TextEncoder().encode(header));
    new Float64Array(bytes, start, 2).set([1.5, 2.5]);
    new Float32Array(bytes, start + 40, 2).set([10, NaN]);
    new Uint8Array(bytes, start + 48, 2).set([1, 4]);
    const told = decode(bytes);
    expect([...told.timeS]).toEqual([1.5, 2.5]);
    expect([...told.depthKm]).toEqual([10, NaN]);
    expect([...told.quality]).toEqual([1, 4]);
    expect(told.isSynthetic).toBe(true);
  });
});

describe("filters", () => {
  const all = events(1000);
  it("let all events through where none is set", () => {
    expect(chosenOf(maskOf(all, NO_FILTERS)).length).toBe(1000);
  });

  it("keep magnitudes on the limit, which are no whole numbers of 32 bits", () => {
    const chosen = chosenOf(maskOf(all, { ...NO_FILTERS, magnitude: [1.3, 1.4] }));
    expect([...chosen].every((i) => i % 10 === 3 || i % 10 === 4)).toBe(true);
    expect(chosen.length).toBe(200);
  });

  it("leave out what has no depth or no quality where one is asked for", () => {
    expect([...chosenOf(maskOf(all, { ...NO_FILTERS, depth: [0, 100] }))].some((i) => i % 7 === 0)).toBe(false);
    expect([...chosenOf(maskOf(all, { ...NO_FILTERS, quality: 2 }))].every((i) => [1, 2].includes(i % 5))).toBe(true);
  });

  it("choose what lies in an area, on whichever side of 180 degrees it is written", () => {
    const area = boxArea(-117.001, 33.999, -116.895, 34.005);
    expect(chosenOf(maskOf(all, { ...NO_FILTERS, area })).length).toBe(11);
    const turned = area.map(([x, y]): Place => [x + 360, y]);
    expect(chosenOf(maskOf(all, { ...NO_FILTERS, area: turned })).length).toBe(11);
  });

  it("tell the inside of a lasso that is bent inwards", () => {
    const bent: Place[] = [[0, 0], [4, 0], [4, 4], [2, 1], [0, 4]];
    expect(isInside(2, 0.5, bent)).toBe(true);
    expect(isInside(2, 3, bent)).toBe(false);
  });

  it("stand in the address and come back from it", () => {
    const choice = {
      catalogue: "upload-1",
      filters: {
        time: [100, null] as [number, null], magnitude: [null, 3.5] as [null, number],
        depth: [-1, 20] as [number, number], quality: 2, area: boxArea(-118, 34, -117, 35),
      },
      section: { kind: "line" as const, from: [-118, 34] as Place, to: [-117, 35] as Place, halfWidthKm: 7 },
    };
    expect(fromAddress(asAddress(choice))).toEqual(choice);
    expect(fromAddress(null)).toEqual(FIRST);
    expect(fromAddress("a=1~2&q=9&m=x~y&s=1~2&w=abc")).toEqual(FIRST);
  });

  it("and all that follows take little time for 50,000 events", () => {
    const many = events(50_000);
    const begin = performance.now();
    const chosen = chosenOf(maskOf(many, { ...NO_FILTERS, magnitude: [1.2, null], area: boxArea(-118, 33, -116, 40) }));
    binned(many.magnitude, chosen, 0.1);
    summaryOf(many, chosen);
    sectionPoints(many, FIRST.section);
    console.log(`50,000 events filtered, counted and projected in ${(performance.now() - begin).toFixed(1)} ms`);
    expect(chosen.length).toBeGreaterThan(30_000);
  });
});

describe("sections", () => {
  it("go along a line, without what lies too far beside it", () => {
    const two = { ...events(3), longitude: Float32Array.from([0, 0.5, 0.5]), latitude: Float32Array.from([0, 0, 1]) };
    const { alongKm, range } = sectionPoints(two, { kind: "line", from: [0, 0], to: [1, 0], halfWidthKm: 10 });
    expect(alongKm[1]).toBeCloseTo(55.6, 0);
    expect(alongKm[2]).toBeNaN();
    expect(range[1]).toBeCloseTo(111.2, 0);
  });
});

describe("counts", () => {
  it("hold rounded magnitudes in the middle of their bins", () => {
    const values = Float32Array.from([1.0, 1.1, 1.1, 1.3, NaN]);
    const bins = binned(values, Uint32Array.from([0, 1, 2, 3, 4]), 0.1);
    expect([...bins.counts]).toEqual([1, 2, 0, 1]);
    expect(bins.low).toBeCloseTo(0.95);
    expect([...atLeast(bins.counts)]).toEqual([4, 3, 1, 1]);
  });
});

describe("axes", () => {
  it.each([
    [0, 10, ["2", "4", "6", "8"]],
    [-0.5, 0.5, ["0"]],
  ])("from %d to %d have round marks", (low, high, some) => {
    const told = marksOf({ low, high, label: "", kind: "number" }, 5).map((one) => one.text);
    expect(told).toEqual(expect.arrayContaining(some));
  });

  it("of time step by seconds, days, months or years", () => {
    const at = (text: string) => Date.parse(text) / 1000;
    const told = (from: string, to: string) =>
      marksOf({ low: at(from), high: at(to), label: "", kind: "time" }, 4).map((one) => one.text);
    expect(told("2020-01-01T00:00Z", "2020-01-01T00:01Z")).toContain("00:00:30");
    expect(told("2020-01-01", "2020-01-09")).toContain("2020-01-03");
    expect(told("2020-01-15", "2020-12-31")).toContain("2020-04");
    expect(told("1960-01-01", "2020-01-01")).toEqual(["1960", "1980", "2000", "2020"]);
  });

  it("have room where there is one value or none", () => {
    expect(roomy([3, 3])).toEqual([2.5, 3.5]);
    expect(roomy(null)).toEqual([0, 1]);
  });
});

describe("files", () => {
  const some = events(3);
  it("as CSV leave empty what is not known, and hold no formulas", () => {
    const ids = ["=1+1", 'a,"b', "c"];
    const lines = asCsv({ ...some, ids }, Uint32Array.from([0, 1])).split("\n");
    expect(lines[1]).toBe("2001-09-09T01:46:40.000Z,1,-117,34,,'=1+1,");
    expect(lines[2]).toBe('2001-09-09T01:47:40.000Z,1.1,-116.99,34,1,"a,""b",A');
  });

  it("as QuakeML give depths in metres and no other characters in names", () => {
    const told = asQuakeMl({ ...some, ids: ["a<b", "c", "d"] }, Uint32Array.from([0, 2])).join("");
    expect(told).toContain('<event publicID="smi:local/mainshock/a_b">');
    expect(told).toContain("<depth><value>2000</value></depth>");
    expect(told.match(/<depth>/g)).toHaveLength(1);
  });
});

describe("times that are written", () => {
  it.each([
    ["2019-07-06", 1562371200],
    ["2019-07-06T03:19", 1562383140],
    ["2019-07-06 03:19:53.5Z", 1562383193.5],
    ["yesterday", null],
    ["2019-13-01", null],
  ])("%s", (typed, seconds) => expect(secondsOf(typed)).toBe(seconds));
});

describe("a click in a gap", () => {
  it("leads to the nearest record", () => {
    const spans = [
      { start: "2020-01-01T00:00:00Z", end: "2020-01-01T01:00:00Z" },
      { start: "2020-01-01T02:00:00Z", end: "2020-01-01T03:00:00Z" },
    ];
    const at = (text: string) => Date.parse(text) / 1000;
    expect(closest({ spans }, at("2020-01-01T01:50:00Z"))).toBe(at("2020-01-01T02:00:00Z"));
    expect(closest({ spans }, at("2020-01-01T00:30:00Z"))).toBe(at("2020-01-01T00:30:00Z"));
  });
});
