/** What lies before the live buffers, read from the archive once a reader looks at it. */

import { TraceBuffer } from "../live/traceBuffer";
import { helicorder, type Bins } from "../station/client";

/** Reading begins once a reader has stopped moving. */
const SETTLE_MS = 250;
const PIXELS = 800;
const MOST_KEPT = 60;

interface Held {
  startMs: number;
  endMs: number;
  lengthMs: number;
  buffer: TraceBuffer | null;
}

type Read = (traceId: string, startMs: number, endMs: number, binS: number) => Promise<Bins>;

export class PastTraces {
  private readonly held = new Map<string, Held>();
  private readonly wanted = new Map<string, Held>();
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly onNews: () => void,
    private readonly read: Read = helicorder,
  ) {}

  /** Return what is known of a trace before a time, and see to it that a stretch will be. */
  of(traceId: string, startMs: number, endMs: number): TraceBuffer | undefined {
    const known = this.held.get(traceId);
    const lengthMs = endMs - startMs;
    const isEnough =
      known !== undefined &&
      known.startMs <= startMs &&
      known.endMs >= endMs &&
      known.lengthMs <= 2 * lengthMs; // else its bins are too coarse
    if (!isEnough) this.want(traceId, startMs, endMs);
    return known?.buffer ?? undefined;
  }

  stop(): void {
    clearTimeout(this.timer);
    this.wanted.clear();
  }

  private want(traceId: string, startMs: number, endMs: number): void {
    const before = this.wanted.get(traceId);
    if (before?.startMs === startMs && before.endMs === endMs) return;
    this.wanted.set(traceId, { startMs, endMs, lengthMs: endMs - startMs, buffer: null });
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.fetchWanted(), SETTLE_MS);
  }

  private async fetchWanted(): Promise<void> {
    const asked = [...this.wanted];
    for (const [traceId, one] of asked) {
      if (this.wanted.get(traceId) !== one) continue; // the reader went on
      const binMs = Math.max(10, Math.round(one.lengthMs / PIXELS));
      const spareMs = one.lengthMs / 2;
      const [startMs, endMs] = [one.startMs - spareMs, one.endMs + spareMs];
      const bins = await this.read(traceId, startMs, endMs, binMs / 1000).catch(() => null);
      if (this.held.size >= MOST_KEPT) this.held.delete(this.held.keys().next().value!);
      this.held.delete(traceId);
      this.held.set(traceId, { ...one, startMs, endMs, buffer: bins && bufferOf(bins) });
      if (this.wanted.get(traceId) === one) this.wanted.delete(traceId);
      this.onNews();
    }
  }
}

export function bufferOf(bins: Bins): TraceBuffer {
  const buffer = new TraceBuffer(bins.binMs, bins.maximum.length + 1);
  buffer.put(bins.startMs, bins.minimum, bins.maximum);
  return buffer;
}
