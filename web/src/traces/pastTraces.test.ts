import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import type { Bins } from "../station/client";
import { PastTraces } from "./pastTraces";

const LENGTH_MS = 300_000;
const START_MS = Date.parse("2026-01-01T00:00:00Z");
/** Rows follow the data with about eight pictures a second. */
const PICTURE_MS = 125;
const TRACES = ["XX.A..HHZ", "XX.B..HHZ"];

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** An archive that takes a while for each answer. */
function archive(tookMs: number) {
  const asked: string[] = [];
  const read = async (traceId: string, startMs: number, endMs: number, binS: number): Promise<Bins> => {
    asked.push(traceId);
    await new Promise((resolve) => setTimeout(resolve, tookMs));
    const count = Math.floor((endMs - startMs) / (binS * 1000));
    const values = new Float32Array(count).fill(1);
    return { startMs, binMs: binS * 1000, minimum: values, maximum: values };
  };
  return { past: new PastTraces(() => undefined, read), asked };
}

/** Draw all rows again and again, each picture a little later than the one before. */
async function follow(past: PastTraces, pictures: number, fromMs = START_MS): Promise<number> {
  for (let n = 0; n < pictures; n += 1) {
    const startMs = fromMs + n * PICTURE_MS;
    for (const traceId of TRACES) past.of(traceId, startMs, startMs + LENGTH_MS);
    await vi.advanceTimersByTimeAsync(PICTURE_MS);
  }
  return fromMs + pictures * PICTURE_MS;
}

describe("what lies before the live records", () => {
  it("comes for all rows also while they follow the data", async () => {
    const { past, asked } = archive(400);
    const startMs = await follow(past, 16);
    expect(asked).toEqual(TRACES);
    for (const traceId of TRACES) {
      const buffer = past.of(traceId, startMs, startMs + LENGTH_MS)!;
      expect(buffer.highest(buffer.binAt(startMs + LENGTH_MS / 2))).toBe(1);
    }
  });

  it("is not asked for again while the answer still holds the window", async () => {
    const { past, asked } = archive(10);
    await follow(past, 80);
    expect(asked).toEqual(TRACES);
  });

  it("is asked for where the reader went meanwhile, once the answer before has come", async () => {
    const { past, asked } = archive(1000);
    past.of(TRACES[0]!, START_MS, START_MS + LENGTH_MS);
    await vi.advanceTimersByTimeAsync(500);
    const hourBeforeMs = START_MS - 3_600_000;
    past.of(TRACES[0]!, hourBeforeMs, hourBeforeMs + LENGTH_MS);
    await vi.advanceTimersByTimeAsync(400);
    expect(asked).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(2000);
    expect(asked).toHaveLength(2);
    const buffer = past.of(TRACES[0]!, hourBeforeMs, hourBeforeMs + LENGTH_MS)!;
    expect(buffer.highest(buffer.binAt(hourBeforeMs + 1000))).toBe(1);
  });

  it("is not read any more once nobody looks", async () => {
    const { past, asked } = archive(10);
    past.of(TRACES[0]!, START_MS, START_MS + LENGTH_MS);
    past.stop();
    await vi.advanceTimersByTimeAsync(10_000);
    expect(asked).toEqual([]);
  });
});
