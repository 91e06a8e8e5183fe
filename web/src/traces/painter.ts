/** Draws the visible rows, a few times a second, and only when there is news; knows which time each shows. */

import { live } from "../live/liveStore";
import { LIVE_VIEW, windowOf, type TimeView } from "./timeView";

/** At most about eight pictures a second. */
const PICTURE_MS = 125;
/** Time for rows in one animation frame; the others wait for the next, so that input never does. */
const SHARE_MS = 25;
/** The browser puts what was drawn onto the screen after that, which takes as long again. */
const ROWS_A_FRAME = 2;
/** While a reader drags or zooms, pictures follow at once. */
const QUICK_MS = 30;

export interface Window {
  startMs: number;
  endMs: number;
  gain: number;
}

export type Draw = (window: Window) => void;

interface Row {
  draw: Draw;
  /** The trace, or null for what always shows the shared window. */
  traceId: string | null;
}

/** No live record is newer than the service's clock: a station whose clock is ahead must not move all rows. */
function latestPossible(): number {
  const { hello, clockOffsetMs } = live.current();
  return hello?.is_live ? Date.now() + clockOffsetMs : Infinity;
}

export class Painter {
  /** The window that all locked rows share. */
  shared: TimeView = LIVE_VIEW;
  /** Rows that a reader unlocked show their own. */
  private readonly own = new Map<string, TimeView>();
  private readonly rows = new Set<Row>();
  private readonly readers = new Set<() => void>();
  private frame = 0;
  private drawnMs = 0;
  private drawnFrames = -1;
  private dirt: "none" | "some" | "urgent" = "some";
  private waiting: Row[] = [];
  private newestMs = 0;

  start(): void {
    const step = (nowMs: number) => {
      this.frame = requestAnimationFrame(step);
      this.paint(nowMs);
    };
    this.frame = requestAnimationFrame(step);
  }

  stop(): void {
    cancelAnimationFrame(this.frame);
  }

  /** Draw a row from now on; returns how to end it. */
  add(traceId: string | null, draw: Draw): () => void {
    const row = { draw, traceId };
    this.rows.add(row);
    this.touch();
    return () => this.rows.delete(row);
  }

  /** Draw anew though no data came: picks or sizes changed. */
  touch(): void {
    if (this.dirt === "none") this.dirt = "some";
  }

  /** Be told when a view or a lock changes; returns how to end it. */
  readonly listen = (reader: () => void): (() => void) => {
    this.readers.add(reader);
    return () => this.readers.delete(reader);
  };

  viewOf(traceId: string | null): TimeView {
    return (traceId === null ? undefined : this.own.get(traceId)) ?? this.shared;
  }

  isLocked(traceId: string): boolean {
    return !this.own.has(traceId);
  }

  get unlocked(): number {
    return this.own.size;
  }

  /** Change the view of a row that is unlocked, or of all others together. */
  change(traceId: string | null, step: (view: TimeView, newestMs: number) => TimeView): void {
    const newestMs = this.newest();
    if (newestMs === null) return;
    const after = step(this.viewOf(traceId), newestMs);
    if (traceId !== null && this.own.has(traceId)) this.own.set(traceId, after);
    else this.shared = after;
    this.tell();
  }

  /** Let a row go its own way, or bind it to the others again. */
  toggleLock(traceId: string): void {
    if (!this.own.delete(traceId)) this.own.set(traceId, this.shared);
    this.tell();
  }

  lockAll(): void {
    this.own.clear();
    this.tell();
  }

  private tell(): void {
    this.dirt = "urgent";
    for (const reader of this.readers) reader();
  }

  /** End of the newest bin of all subscribed traces, one time for all rows; null before any came. */
  newest(): number | null {
    let newest: number | null = null;
    for (const buffer of live.buffers.values()) {
      if (buffer.endMs !== null && (newest === null || buffer.endMs > newest)) newest = buffer.endMs;
    }
    return newest === null ? null : Math.min(newest, latestPossible());
  }

  private paint(nowMs: number): void {
    if (this.waiting.length === 0) this.plan(nowMs);
    const untilMs = performance.now() + SHARE_MS;
    for (let n = 0; n < ROWS_A_FRAME && this.waiting.length > 0 && performance.now() < untilMs; n += 1) {
      const row = this.waiting.shift()!;
      if (!this.rows.has(row)) continue;
      const view = this.viewOf(row.traceId);
      row.draw({ ...windowOf(view, this.newestMs), gain: view.gain });
    }
  }

  /** Let all rows wait for one and the same time, where there is news. */
  private plan(nowMs: number): void {
    const follows = this.shared.endMs === null || [...this.own.values()].some((one) => one.endMs === null);
    const hasNews = this.dirt !== "none" || (live.frames !== this.drawnFrames && follows);
    const waitMs = this.dirt === "urgent" ? QUICK_MS : PICTURE_MS;
    if (!hasNews || nowMs - this.drawnMs < waitMs) return;
    const newestMs = this.newest();
    if (newestMs === null) return;
    this.newestMs = newestMs;
    this.drawnMs = nowMs;
    this.drawnFrames = live.frames;
    this.dirt = "none";
    this.waiting = [...this.rows];
  }
}
