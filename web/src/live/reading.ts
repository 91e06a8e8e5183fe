/** Something that is read until it succeeds: what failed is read again, after ever longer waits. */

import { ApiError } from "../api/client";
import { LiveConnection } from "./connection";

/** Who is not let in is not let in a second later either. */
const REFUSALS = [401, 403];

export class Reading {
  private abort = new AbortController();
  private timer: ReturnType<typeof setTimeout> | undefined;
  private state: "resting" | "reading" | "failed" = "resting";

  constructor(
    private readonly read: (signal: AbortSignal) => Promise<void>,
    private readonly random: () => number = Math.random,
  ) {}

  get isReading(): boolean {
    return this.state === "reading";
  }

  /** Whether what was to be read is missing, and is not being read now. */
  get hasFailed(): boolean {
    return this.state === "failed";
  }

  /** Read from the beginning; a reading that is under way is given up. */
  start(): void {
    this.stop();
    this.abort = new AbortController();
    void this.attempt(this.abort.signal, 0);
  }

  stop(): void {
    this.abort.abort();
    clearTimeout(this.timer);
    this.state = "resting";
  }

  private async attempt(signal: AbortSignal, failures: number): Promise<void> {
    this.state = "reading";
    try {
      await this.read(signal);
      if (!signal.aborted) this.state = "resting";
    } catch (error) {
      if (signal.aborted) return;
      this.state = "failed";
      if (error instanceof ApiError && REFUSALS.includes(error.status)) return;
      const waitMs = LiveConnection.waitMs(failures, this.random());
      this.timer = setTimeout(() => void this.attempt(signal, failures + 1), waitMs);
    }
  }
}
