import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { ApiError } from "../api/client";
import { Reading } from "./reading";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** A reading that fails so often before it succeeds, with the signals of its attempts. */
function failing(times: number, error: Error = new TypeError("network")) {
  const signals: AbortSignal[] = [];
  const reading = new Reading(
    async (signal) => {
      signals.push(signal);
      if (signals.length <= times) throw error;
    },
    () => 1,
  );
  return { reading, signals };
}

describe("a reading", () => {
  it("is made again after ever longer waits until it succeeds", async () => {
    const { reading, signals } = failing(3);
    reading.start();
    for (const [attempts, waitMs] of [500, 1000, 2000].entries()) {
      await vi.advanceTimersByTimeAsync(waitMs - 1);
      expect(signals).toHaveLength(attempts + 1);
      expect(reading.hasFailed).toBe(true);
      await vi.advanceTimersByTimeAsync(1);
    }
    expect([signals.length, reading.hasFailed]).toEqual([4, false]);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(signals).toHaveLength(4);
  });

  it("is not made again once it was stopped", async () => {
    const { reading, signals } = failing(9);
    reading.start();
    await vi.advanceTimersByTimeAsync(10);
    reading.stop();
    await vi.advanceTimersByTimeAsync(60_000);
    expect([signals.length, signals[0]!.aborted]).toEqual([1, true]);
  });

  it("is not made again where the reader is not let in", async () => {
    const { reading, signals } = failing(9, new ApiError(403, "forbidden", "not yours"));
    reading.start();
    await vi.advanceTimersByTimeAsync(60_000);
    expect([signals.length, reading.hasFailed]).toEqual([1, true]);
  });

  it("gives up what is under way where it is to begin anew", async () => {
    const ends: (() => void)[] = [];
    const signals: AbortSignal[] = [];
    const reading = new Reading((signal) => {
      signals.push(signal);
      return new Promise((resolve) => ends.push(resolve));
    });
    reading.start();
    reading.start();
    ends[0]!();
    await vi.advanceTimersByTimeAsync(0);
    expect(signals.map((one) => one.aborted)).toEqual([true, false]);
    expect(reading.isReading).toBe(true);
    ends[1]!();
    await vi.advanceTimersByTimeAsync(0);
    expect(reading.isReading).toBe(false);
  });
});
