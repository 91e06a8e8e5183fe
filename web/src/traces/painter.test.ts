import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import type { Hello } from "../api/types";
import { live } from "../live/liveStore";
import { HELLO } from "../live/testing";
import { TraceBuffer } from "../live/traceBuffer";
import { Painter } from "./painter";

const NOW_MS = Date.parse(HELLO.server_time);
/** This machine's clock is behind the service's. */
const OFFSET_MS = 7000;

/** Let records of three stations end so long after the service's time. */
function records(...endsMs: number[]): void {
  endsMs.forEach((endMs, index) => {
    const buffer = new TraceBuffer(100, 600);
    buffer.put(NOW_MS + OFFSET_MS + endMs - 100, new Float32Array(1), new Float32Array(1));
    live.buffers.set(`XX.S${index}..HHZ`, buffer);
  });
}

function source(hello: Hello | null): void {
  const known = live.current();
  vi.spyOn(live, "current").mockReturnValue({ ...known, hello, clockOffsetMs: OFFSET_MS });
}

beforeEach(() => {
  vi.useFakeTimers({ now: NOW_MS });
});
afterEach(() => {
  live.buffers.clear();
  vi.restoreAllMocks();
  vi.useRealTimers();
});

describe("the newest time of all rows", () => {
  it("is never later than the service's clock, though one station's clock is ahead", () => {
    source(HELLO);
    records(-2000, 60_000, -3000);
    expect(new Painter().newest()).toBe(NOW_MS + OFFSET_MS);
  });

  it("is the end of the newest record where all come late", () => {
    source(HELLO);
    records(-2000, -9000);
    expect(new Painter().newest()).toBe(NOW_MS + OFFSET_MS - 2000);
  });

  it("is the end of the newest record of a replay, whatever the clock says", () => {
    source({ ...HELLO, is_live: false });
    records(60_000);
    expect(new Painter().newest()).toBe(NOW_MS + OFFSET_MS + 60_000);
  });

  it("is unknown before any record came", () => {
    source(HELLO);
    expect(new Painter().newest()).toBeNull();
  });
});
