/** Which events lie where on the screen: drawn part by part, and found again under the pointer. */

import { coloursOf, N_COLOURS, N_SIZES, radiusAt, rgb, strokeAt, type EventCloud } from "./eventCloud";
import { spriteOf, type Raster, type Sprite } from "./eventRaster";
import type { EventColour } from "./mapLayers";
import type { Palette } from "./palette";

const TILE = 512;
const OPACITY = 0.8;
const GHOST_OPACITY = 0.2;
/** Radii are drawn in quarters of a device pixel. */
const STEPS = 4;
/** More pixels than these are not kept for the next picture. */
const MOST_KEPT = 4_000_000;
/** How many events are drawn between two looks at the clock. */
const PART = 1024;

/** What the map shows, in device pixels. */
export interface Frame {
  zoom: number;
  /** Width of the whole Earth. */
  scale: number;
  left: number;
  top: number;
  width: number;
  height: number;
  ratio: number;
}

/** The frame around a middle in mercator units; width and height are in CSS pixels. */
export function frameOf(
  middle: readonly [number, number],
  zoom: number,
  [width, height]: readonly [number, number],
  ratio: number,
): Frame {
  const scale = TILE * 2 ** zoom * ratio;
  const [wide, high] = [Math.round(width * ratio), Math.round(height * ratio)];
  const left = middle[0] * scale - (width * ratio) / 2;
  const top = middle[1] * scale - (height * ratio) / 2;
  return { zoom, scale, left, top, width: wide, height: high, ratio };
}

/** The first place of a point, whose copies are a world apart, at or after a left edge. */
const firstCopy = (x: number, scale: number, edge: number): number =>
  x + Math.ceil((edge - x) / scale) * scale;

export class Sprites {
  private readonly kept = new Map<number, Sprite>();
  private nKept = 0;
  private table: (Sprite | undefined)[] = [];
  private zoom = Number.NaN;
  private ratio = 1;
  private colours: readonly (readonly [number, number, number])[];

  constructor(private palette: Palette) {
    this.colours = coloursOf("depth", palette);
  }

  dress(by: EventColour, palette: Palette): void {
    this.palette = palette;
    this.colours = coloursOf(by, palette);
    this.forget();
  }

  /** Prepare for a frame: sprites are the same for all events of one size and colour. */
  fit({ zoom, ratio }: Frame): void {
    if (zoom === this.zoom && ratio === this.ratio) return;
    [this.zoom, this.ratio] = [zoom, ratio];
    if (this.nKept > MOST_KEPT) this.forget();
    this.table = [];
  }

  of(size: number, colour: number, ghost: number): Sprite {
    const place = (size * N_COLOURS + colour) * 2 + ghost;
    return (this.table[place] ??= this.made(size, colour, ghost));
  }

  private made(size: number, colour: number, ghost: number): Sprite {
    const steps = Math.round(radiusAt(size, this.zoom) * this.ratio * STEPS);
    const stroke = Math.round(strokeAt(this.zoom) * this.ratio * STEPS);
    const key = ((steps * 64 + stroke) * N_COLOURS + colour) * 2 + ghost;
    let sprite = this.kept.get(key);
    if (sprite === undefined) {
      sprite = spriteOf({
        radius: steps / STEPS,
        stroke: stroke / STEPS,
        fill: this.colours[colour] ?? this.colours[0]!,
        edge: rgb(this.palette.edge),
        opacity: ghost === 1 ? GHOST_OPACITY : OPACITY,
      });
      this.kept.set(key, sprite);
      this.nKept += sprite.pixels.length;
    }
    return sprite;
  }

  private forget(): void {
    this.kept.clear();
    this.table = [];
    this.nKept = 0;
  }
}

/** One picture of the events, which may be drawn in several goes. */
export class Pass {
  private next = 0;
  private readonly taken: Uint8Array | null;
  private readonly columns: number;
  private readonly margin: number;
  nDrawn = 0;

  /** `cell` is in device pixels: of events in one cell only the largest is drawn; 0 draws all. */
  constructor(
    private readonly cloud: EventCloud,
    private readonly order: Uint32Array,
    private readonly frame: Frame,
    private readonly cell: number,
  ) {
    this.margin = Math.ceil((radiusAt(N_SIZES, frame.zoom) + 2) * frame.ratio);
    this.columns = cell > 0 ? Math.ceil((frame.width + 2 * this.margin) / cell) + 1 : 0;
    const rows = cell > 0 ? Math.ceil((frame.height + 2 * this.margin) / cell) + 1 : 0;
    this.taken = cell > 0 ? new Uint8Array(this.columns * rows) : null;
  }

  /** Draw until a time is over; true once all is drawn. */
  paint(raster: Raster, sprites: Sprites, untilMs: number): boolean {
    while (this.next < this.order.length) {
      const last = Math.min(this.order.length, this.next + PART);
      for (; this.next < last; this.next += 1) this.one(this.order[this.next]!, raster, sprites);
      if (performance.now() > untilMs) break;
    }
    return this.next >= this.order.length;
  }

  private one(index: number, raster: Raster, sprites: Sprites): void {
    const { cloud, frame, margin } = this;
    const y = Math.round(cloud.y[index]! * frame.scale - frame.top);
    if (y < -margin || y > frame.height + margin) return;
    let x = firstCopy(cloud.x[index]! * frame.scale - frame.left, frame.scale, -margin);
    for (; x <= frame.width + margin; x += frame.scale) {
      if (this.isTaken(x, y)) continue;
      raster.blit(sprites.of(cloud.size[index]!, cloud.colour[index]!, cloud.ghost[index]!), Math.round(x), y);
      this.nDrawn += 1;
    }
  }

  private isTaken(x: number, y: number): boolean {
    if (this.taken === null) return false;
    const { cell, margin, columns, taken } = this;
    const place = Math.floor((y + margin) / cell) * columns + Math.floor((x + margin) / cell);
    if (taken[place] === 1) return true;
    taken[place] = 1;
    return false;
  }
}

/** Where an event lies, in device pixels: the copy nearest to the middle of the frame. */
export function placeOf(cloud: { x: ArrayLike<number>; y: ArrayLike<number> }, index: number, frame: Frame): [number, number] {
  const { scale, left, top, width } = frame;
  const x = firstCopy(cloud.x[index]! * scale - left, scale, (width - scale) / 2);
  return [x, cloud.y[index]! * scale - top];
}

/** The event drawn last of those under a point in device pixels; null where there is none. */
export function pick(
  cloud: EventCloud,
  order: Uint32Array,
  frame: Frame,
  [x, y]: readonly [number, number],
): number | null {
  const extra = 2 * frame.ratio; // a finger or a mouse is not that exact
  for (let place = order.length - 1; place >= 0; place -= 1) {
    const index = order[place]!;
    const dy = cloud.y[index]! * frame.scale - frame.top - y;
    const reach = radiusAt(cloud.size[index]!, frame.zoom) * frame.ratio + extra;
    if (dy > reach || dy < -reach) continue;
    let dx = cloud.x[index]! * frame.scale - frame.left - x;
    dx -= Math.round(dx / frame.scale) * frame.scale;
    if (dx * dx + dy * dy <= reach * reach) return index;
  }
  return null;
}
