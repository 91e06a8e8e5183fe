import { describe, expect, it } from "vitest";

import { decodeFrame, FrameError } from "./frames";
import { encodeFrame as encode } from "./testing";

describe("decodeFrame", () => {
  it("reads minimum and maximum of a trace", () => {
    const frame = decodeFrame(
      encode(1, "BW.UH3..SHZ", 1274977440000, 75, [
        [-3, -2.5, Number.NaN],
        [4, 8, Number.NaN],
      ]),
    );
    expect(frame.kind).toBe("trace");
    expect(frame.traceId).toBe("BW.UH3..SHZ");
    expect(frame.startMs).toBe(1274977440000);
    expect(frame.binMs).toBe(75);
    expect([...frame.minimum]).toEqual([-3, -2.5, Number.NaN]);
    expect([...frame.maximum]).toEqual([4, 8, Number.NaN]);
  });

  it.each(["BW.UH1", "BW.UH3..SH_P", "XX.ABCDE.00.HH_S"])("reads a curve of %s", (id) => {
    const frame = decodeFrame(encode(2, id, 0, 10, [[0, 0.25, 1]]));
    expect(frame.kind).toBe("curve");
    expect(frame.traceId).toBe(id);
    expect([...frame.maximum]).toEqual([0, 0.25, 1]);
    expect(frame.minimum).toBe(frame.maximum);
  });

  it("reads an empty frame", () => {
    expect(decodeFrame(encode(1, "A.B..CCZ", 0, 10, [[], []])).maximum.length).toBe(0);
  });

  it.each([
    ["too short", new ArrayBuffer(10)],
    ["another format", encode(1, "A.B..CCZ", 0, 10, [[1], [2]], 2)],
    ["an unknown kind", encode(7, "A.B..CCZ", 0, 10, [[1], [2]])],
    ["cut off", encode(1, "A.B..CCZ", 0, 10, [[1], [2]]).slice(0, -1)],
    ["bins without length", encode(1, "A.B..CCZ", 0, 0, [[1], [2]])],
    ["a start that is no number", encode(1, "A.B..CCZ", Number.NaN, 10, [[1], [2]])],
  ])("refuses what is %s", (_, buffer) => {
    expect(() => decodeFrame(buffer)).toThrow(FrameError);
  });
});
