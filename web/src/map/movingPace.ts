/** A map that is slow to draw, as without a graphics card, is drawn coarser while it moves. */

import type { Map as MapLibre } from "maplibre-gl";

/** A frame that comes later than this after the one before is slow. */
const SLOW_MS = 45;
/** Longer gaps are rests of the hand. */
const REST_MS = 1500;
const N_SLOW = 3;
const COARSE = 0.4;
const SHARP_AFTER_MS = 250;

export class MovingPace {
  private lastMs = 0;
  private nSlow = 0;
  private isCoarse = false;
  private isChanging = false;
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly map: MapLibre, isBySoftware: boolean) {
    if (isBySoftware) this.nSlow = N_SLOW; // it need not be found out
    map.on("render", this.look);
    map.on("move", this.move);
  }

  remove(): void {
    clearTimeout(this.timer);
    this.map.off("render", this.look);
    this.map.off("move", this.move);
  }

  /** Once it was slow it is coarse from the first frame of each later movement. */
  private readonly move = (): void => {
    if (this.isChanging) return;
    clearTimeout(this.timer);
    if (this.nSlow >= N_SLOW) this.setCoarse(true);
    if (this.isCoarse) this.timer = setTimeout(this.rest, SHARP_AFTER_MS);
  };

  private readonly look = (): void => {
    const nowMs = performance.now();
    const gapMs = nowMs - this.lastMs;
    this.lastMs = nowMs;
    if (this.isCoarse || !this.map.isMoving()) return;
    if (gapMs > SLOW_MS && gapMs < REST_MS) this.nSlow += 1;
  };

  private readonly rest = (): void => {
    if (this.map.isMoving()) this.timer = setTimeout(this.rest, SHARP_AFTER_MS);
    else this.setCoarse(false);
  };

  private setCoarse(isCoarse: boolean): void {
    if (isCoarse === this.isCoarse) return;
    this.isCoarse = isCoarse;
    this.isChanging = true; // for the map tells of a movement when it is resized
    const ratio = window.devicePixelRatio || 1;
    this.map.setPixelRatio(isCoarse ? COARSE * ratio : ratio);
    this.isChanging = false;
  }
}
