/** What lies before the live buffers, read from the archive once a reader looks at it. */

import { TraceBuffer } from "../live/traceBuffer";
import { helicorder, type Bins } from "../station/client";

/** How long wishes are gathered before they are read: while rows follow the data, they move with each picture. */
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
  private isReading = false;

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
    this.timer = undefined;
    this.wanted.clear();
  }

  private want(traceId: string, startMs: number, endMs: number): void {
    this.wanted.set(traceId, { startMs, endMs, lengthMs: endMs - startMs, buffer: null });
    this.readSoon();
  }

  private readSoon(): void {
    if (this.isReading) return;
    this.timer ??= setTimeout(() => {
      this.timer = undefined;
      void this.readWanted();
    }, SETTLE_MS);
  }

  private async readWanted(): Promise<void> {
    this.isReading = true;
    for (const traceId of [...this.wanted.keys()]) {
      const wanted = this.wanted.get(traceId); // as it is by now
      if (wanted !== undefined) await this.readOne(traceId, wanted);
    }
    this.isReading = false;
    if (this.wanted.size > 0) this.readSoon();
  }

  private async readOne(traceId: string, wanted: Held): Promise<void> {
    const binMs = Math.max(10, Math.round(wanted.lengthMs / PIXELS));
    const spareMs = wanted.lengthMs / 2;
    const [startMs, endMs] = [wanted.startMs - spareMs, wanted.endMs + spareMs];
    const bins = await this.read(traceId, startMs, endMs, binMs / 1000).catch(() => null);
    if (this.held.size >= MOST_KEPT) this.held.delete(this.held.keys().next().value!);
    this.held.delete(traceId);
    this.held.set(traceId, { ...wanted, startMs, endMs, buffer: bins && bufferOf(bins) });
    const now = this.wanted.get(traceId);
    // what overlaps will do; a row that needs more says so when it is drawn
    if (now !== undefined && now.startMs < endMs && now.endMs > startMs) this.wanted.delete(traceId);
    this.onNews();
  }
}

export function bufferOf(bins: Bins): TraceBuffer {
  const buffer = new TraceBuffer(bins.binMs, bins.maximum.length + 1);
  buffer.put(bins.startMs, bins.minimum, bins.maximum);
  return buffer;
}
