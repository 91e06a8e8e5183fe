/**
 * All events on a canvas of their own above the map.
 *
 * MapLibre draws each of 50,000 circles anew for each picture, which takes a machine without a
 * graphics card seconds. Here they are pixels, and the map below is not drawn again for them.
 */

import type { Map as MapLibre } from "maplibre-gl";

import type { Filters, Range, Row } from "./catalogue";
import { EventCloud, mercatorX, mercatorY, radiusAt } from "./eventCloud";
import { frameOf, Pass, pick, placeOf, Sprites, type Frame } from "./eventPainter";
import { Raster } from "./eventRaster";
import type { EventColour } from "./mapLayers";
import { currentPalette } from "./palette";
import type { SoftwarePicture } from "./softwarePicture";

/** How long the page may be held up by one go of a picture. */
const GO_MS = 10;
/** A picture of the moving map that takes longer is made of fewer events. */
const SLOW_MS = 16;
const FAST_MS = 6;
/** Cells in CSS pixels: at rest, and at most while the map moves. */
const REST_CELL = 2;
const LARGEST_CELL = 14;
/** Fewer events are all drawn: those below larger ones may be seen through them. */
const MOST_WITHOUT_CELLS = 5000;
const REFINE_MS = 120;
const MOST_RATIO = 2;

/** Which of all events are shown, and how they are coloured. */
export interface Selection {
  filters: Filters;
  range: Range;
  by: EventColour;
  /** What ages count from, s since 1970. */
  nowS: number;
}

export class EventCanvas {
  private readonly canvas = document.createElement("canvas");
  private readonly context = this.canvas.getContext("2d", { willReadFrequently: true })!;
  private readonly cloud = new EventCloud();
  private readonly sprites = new Sprites(currentPalette());
  private raster: Raster | null = null;
  private size: [number, number] = [0, 0];
  private selection: Selection | null = null;
  private order: Uint32Array = new Uint32Array(0);
  private frame: Frame | null = null;
  private pass: Pass | null = null;
  private isStale = false;
  private isAnew = false;
  private request = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;
  /** Cell while the map moves; it follows what this machine takes for a picture. */
  private movingCell = REST_CELL;
  private hovered: number | null = null;
  private marked: Row | null = null;

  constructor(
    private readonly map: MapLibre,
    private readonly picture: SoftwarePicture | null,
  ) {
    this.canvas.className = "map-events";
    this.canvas.setAttribute("aria-hidden", "true"); // the list beside the map says the same
    map.getCanvas().after(this.canvas);
    this.resize();
    map.on("resize", this.resize);
    map.on("render", this.follow);
  }

  add(rows: readonly Row[]): void {
    if (rows.length === 0) return;
    this.cloud.put(rows);
    this.anew();
  }

  select(selection: Selection): void {
    if (selection.by !== this.selection?.by) this.sprites.dress(selection.by, currentPalette());
    this.selection = selection;
    this.anew();
  }

  /** Draw a ring around an event, whether filters let it through or not. */
  mark(row: Row | null): void {
    this.marked = row;
    this.later();
  }

  restyle(): void {
    this.sprites.dress(this.selection?.by ?? "depth", currentPalette());
    this.later();
  }

  /** The event under a point of the map in CSS pixels, or null. */
  at(point: { x: number; y: number }): Row | null {
    const index = this.indexAt(point);
    return index === null ? null : this.cloud.rows[index]!;
  }

  /** Mark what is under the pointer; true where there is something. */
  hover(point: { x: number; y: number } | null): boolean {
    const index = point === null ? null : this.indexAt(point);
    if (index !== this.hovered) {
      this.hovered = index;
      if (this.pass === null) this.present();
    }
    return index !== null;
  }

  remove(): void {
    cancelAnimationFrame(this.request);
    clearTimeout(this.timer);
    this.map.off("resize", this.resize);
    this.map.off("render", this.follow);
    this.canvas.remove();
  }

  private indexAt({ x, y }: { x: number; y: number }): number | null {
    if (this.frame === null) return null;
    const { ratio } = this.frame;
    return pick(this.cloud, this.order, this.frame, [x * ratio, y * ratio]);
  }

  private readonly resize = (): void => {
    const container = this.map.getContainer();
    this.size = [container.clientWidth, container.clientHeight];
    const frame = this.frameNow();
    const { width, height } = this.canvas;
    if (this.raster !== null && frame.width === width && frame.height === height) return;
    [this.canvas.width, this.canvas.height] = [frame.width, frame.height];
    const isSeen = frame.width > 0 && frame.height > 0;
    this.raster = isSeen ? new Raster(new ImageData(frame.width, frame.height)) : null;
    this.paintAtOnce(frame);
  };

  private frameNow(): Frame {
    const { lng, lat } = this.map.getCenter();
    const ratio = Math.min(MOST_RATIO, window.devicePixelRatio || 1);
    return frameOf([mercatorX(lng), mercatorY(lat)], this.map.getZoom(), this.size, ratio);
  }

  /** Follow the map in the same frame in which it is shown. */
  private readonly follow = (): void => {
    const frame = this.frameNow();
    if (this.picture === null) this.moveTo(frame);
    else this.picture.withPicture(() => this.moveTo(frame));
  };

  private moveTo(frame: Frame): void {
    const before = this.frame;
    if (before !== null && frame.scale === before.scale && frame.left === before.left && frame.top === before.top) {
      return;
    }
    this.paintAtOnce(frame);
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.later(), REFINE_MS);
  }

  private anew(): void {
    this.isAnew = true;
    this.later();
  }

  /** A picture in the next frame; one that is being made is finished first. */
  private later(): void {
    this.isStale = true;
    if (this.request === 0) this.request = requestAnimationFrame(this.go);
  }

  private readonly go = (): void => {
    this.request = 0;
    if (this.pass === null && this.isStale) {
      this.isStale = false;
      this.choose();
      this.start(this.frameNow(), REST_CELL);
    } else if (this.pass !== null) this.paint(performance.now() + GO_MS);
    if (this.pass !== null || this.isStale) this.request = requestAnimationFrame(this.go);
  };

  private choose(): void {
    if (!this.isAnew || this.selection === null) return;
    this.isAnew = false;
    const { filters, range, by, nowS } = this.selection;
    this.order = this.cloud.shown(filters, range);
    this.cloud.colourBy(by, nowS);
  }

  /** Begin a picture; in this go there is time for the first part of it. */
  private start(frame: Frame, cell: number, forMs = GO_MS): void {
    this.frame = frame;
    if (this.raster === null) return;
    const isThinned = this.order.length > MOST_WITHOUT_CELLS;
    this.sprites.fit(frame);
    this.raster.clear();
    this.pass = new Pass(this.cloud, this.order, frame, isThinned ? cell * frame.ratio : 0);
    this.paint(performance.now() + forMs);
  }

  /** The whole picture in one go, of fewer events where this machine is slow. */
  private paintAtOnce(frame: Frame): void {
    const beganMs = performance.now();
    this.start(frame, this.movingCell, Infinity);
    const tookMs = performance.now() - beganMs;
    if (tookMs > SLOW_MS) this.movingCell = Math.min(LARGEST_CELL, 1.5 * this.movingCell);
    if (tookMs < FAST_MS) this.movingCell = Math.max(REST_CELL, this.movingCell / 1.2);
  }

  private paint(untilMs: number): void {
    if (this.raster === null || this.pass === null) return;
    if (!this.pass.paint(this.raster, this.sprites, untilMs)) return;
    this.raster.finish();
    this.canvas.dataset["drawn"] = String(this.pass.nDrawn);
    this.pass = null;
    this.present();
  }

  private present(): void {
    if (this.raster === null) return;
    this.context.putImageData(this.raster.image as ImageData, 0, 0);
    if (this.hovered !== null) this.ring(this.cloud.rows[this.hovered]!, 2);
    if (this.marked !== null) this.ring(this.marked, 3);
  }

  private ring(row: Row, width: number): void {
    const frame = this.frame;
    if (frame === null) return;
    const one = new EventCloud();
    one.put([row]);
    const [x, y] = placeOf(one, 0, frame);
    const radius = (radiusAt(one.size[0]!, frame.zoom) + width / 2) * frame.ratio;
    for (let copy = x - frame.scale; copy <= frame.width + radius; copy += frame.scale) {
      this.context.beginPath();
      this.context.arc(copy, y, radius, 0, 2 * Math.PI);
      this.context.lineWidth = width * frame.ratio;
      this.context.strokeStyle = currentPalette().ink;
      this.context.stroke();
    }
  }
}
