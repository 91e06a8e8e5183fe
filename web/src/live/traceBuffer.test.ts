import { describe, expect, it } from "vitest";

import { TraceBuffer } from "./traceBuffer";

const floats = (...values: number[]) => new Float32Array(values);

function bins(buffer: TraceBuffer, first: number, count: number): number[] {
  return Array.from({ length: count }, (_, index) => buffer.highest(first + index));
}

describe("TraceBuffer", () => {
  it("keeps bins at their time", () => {
    const buffer = new TraceBuffer(100, 10);
    expect(buffer.endMs).toBeNull();
    buffer.put(1_274_977_440_000, floats(-1, -2), floats(1, 2));
    expect(buffer.endMs).toBe(1_274_977_440_200);
    expect(buffer.lowest(12_749_774_401)).toBe(-2);
    expect(buffer.binAt(1_274_977_440_199)).toBe(12_749_774_401);
  });

  it("replaces a bin that is sent again and fills a gap with late bins", () => {
    const buffer = new TraceBuffer(100, 10);
    buffer.put(0, floats(1), floats(1));
    buffer.put(300, floats(4), floats(4));
    expect(bins(buffer, 0, 4)).toEqual([1, Number.NaN, Number.NaN, 4]);
    buffer.put(100, floats(2, 3), floats(2, 3));
    buffer.put(300, floats(5), floats(5));
    expect(bins(buffer, 0, 4)).toEqual([1, 2, 3, 5]);
  });

  it("forgets what is older than its length, also over a long silence", () => {
    const buffer = new TraceBuffer(100, 4);
    buffer.put(0, floats(1, 2, 3, 4, 5), floats(1, 2, 3, 4, 5));
    expect(bins(buffer, 0, 5)).toEqual([Number.NaN, 2, 3, 4, 5]);
    buffer.put(100, floats(9), floats(9));
    buffer.put(0, floats(8), floats(8));
    expect(bins(buffer, 0, 5)).toEqual([Number.NaN, 9, 3, 4, 5]);
    buffer.put(1000, floats(7), floats(7));
    expect(bins(buffer, 7, 4)).toEqual([Number.NaN, Number.NaN, Number.NaN, 7]);
    expect(buffer.highest(4)).toBeNaN();
  });

  it("keeps the fraction of a bin's length out of its number", () => {
    const buffer = new TraceBuffer(1000 / 3, 10);
    buffer.put(2000 / 3, floats(1), floats(1));
    expect(buffer.binAt(2000 / 3)).toBe(2);
    expect(buffer.highest(2)).toBe(1);
  });
});
