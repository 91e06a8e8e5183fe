import { describe, expect, it } from "vitest";

import { eventBounds, eventMiddle } from "./bounds";
import type { Columns } from "./columns";
import { boxArea, boxOf, chosenOf, FIRST, maskOf, NO_FILTERS } from "./filters";
import { sectionPoints } from "./sections";

function at(longitude: number[]): Columns {
  const n = longitude.length;
  const all = (value: number) => new Float32Array(n).fill(value);
  return {
    n, isSynthetic: false, ids: [], timeS: new Float64Array(n), quality: new Uint8Array(n),
    magnitude: all(1), latitude: all(-20), depthKm: all(5), longitude: Float32Array.from(longitude),
  };
}

describe("events on both sides of 180 degrees", () => {
  const tonga = at([179, NaN, -179]);

  it("have a small box around them", () => {
    expect(eventBounds(tonga)).toEqual([179, -20, 181, -20]);
    expect(eventBounds(at([-10, 20]))).toEqual([-10, -20, 20, -20]);
    expect(eventBounds(at([NaN]))).toBeNull();
    expect(eventMiddle(at([]))).toEqual([0, 0]);
  });

  it("lie around the middle of a section from west to east", () => {
    const { alongKm } = sectionPoints(tonga, FIRST.section);
    expect(alongKm[0]).toBeCloseTo(-104.5, 0);
    expect(alongKm[2]).toBeCloseTo(104.5, 0);
  });

  it("are chosen by a box that begins west of it and ends east of it", () => {
    const all = at([178, 179, -179, -178, 0]);
    const area = boxArea(178.5, -30, -178.5, -10);
    expect([...chosenOf(maskOf(all, { ...NO_FILTERS, area }))]).toEqual([1, 2]);
  });
});

describe("the numbers of an area", () => {
  it.each([
    [[178.5, -30, -178.5, -10]],
    [[-118, 34, -117, 35]],
    [[-180, -90, 180, 90]],
  ])("%j come back as they were written", (box) => {
    const [west, south, east, north] = box as [number, number, number, number];
    expect(boxOf(boxArea(west, south, east, north))).toEqual(box);
  });

  it("of a map that was turned on are those that readers know", () => {
    expect(boxOf(boxArea(190, -30, 200, -10))).toEqual([-170, -30, -160, -10]);
    expect(boxOf(boxArea(0, -30, 360, -10))).toEqual([0, -30, 360, -10]);
  });
});
