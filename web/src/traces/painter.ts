/** Draws the visible rows, a few times a second, and only when there is news. */

import { live } from "../live/liveStore";

/** At most about eight pictures a second. */
const PICTURE_MS = 125;
/** Time for rows in one animation frame; the others wait for the next, so that input never does. */
const SHARE_MS = 25;

export interface Window {
  startMs: number;
  endMs: number;
}

export type Draw = (window: Window) => void;

export class Painter {
  windowMs = 60_000;
  private readonly rows = new Set<Draw>();
  private frame = 0;
  private drawnMs = 0;
  private drawnFrames = -1;
  private isDirty = true;
  private pausedAtMs: number | null = null;
  private waiting: Draw[] = [];
  private window: Window = { startMs: 0, endMs: 0 };

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
  add(draw: Draw): () => void {
    this.rows.add(draw);
    this.isDirty = true;
    return () => this.rows.delete(draw);
  }

  /** Draw anew though no data came: picks, sizes or the window changed. */
  touch(): void {
    this.isDirty = true;
  }

  pause(isPaused: boolean): void {
    this.pausedAtMs = isPaused ? newestMs() : null;
    this.isDirty = true;
  }

  private paint(nowMs: number): void {
    if (this.waiting.length === 0) this.plan(nowMs);
    const untilMs = performance.now() + SHARE_MS;
    while (this.waiting.length > 0 && performance.now() < untilMs) {
      const draw = this.waiting.shift()!;
      if (this.rows.has(draw)) draw(this.window);
    }
  }

  /** Let all rows wait for one and the same window, where there is news. */
  private plan(nowMs: number): void {
    const hasNews = this.isDirty || (live.frames !== this.drawnFrames && this.pausedAtMs === null);
    if (!hasNews || nowMs - this.drawnMs < PICTURE_MS) return;
    const endMs = this.pausedAtMs ?? newestMs();
    if (endMs === null) return;
    this.drawnMs = nowMs;
    this.drawnFrames = live.frames;
    this.isDirty = false;
    this.window = { startMs: endMs - this.windowMs, endMs };
    this.waiting = [...this.rows];
  }
}

/** End of the newest bin of all subscribed traces: one time for all rows. */
function newestMs(): number | null {
  let newest: number | null = null;
  for (const buffer of live.buffers.values()) {
    if (buffer.endMs !== null && (newest === null || buffer.endMs > newest)) newest = buffer.endMs;
  }
  return newest;
}
