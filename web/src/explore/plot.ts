/** Draws a panel on a canvas: frame and marks, points as pixels, lines and bars. */

import { marksOf, type Axis } from "./axes";
import type { PanelColours } from "./colours";

const [LEFT, RIGHT, TOP, BOTTOM] = [52, 10, 8, 36];
const FONT = "11px system-ui, sans-serif";

export interface Box {
  left: number;
  top: number;
  width: number;
  height: number;
}

export const boxOf = (width: number, height: number): Box => ({
  left: LEFT,
  top: TOP,
  width: Math.max(1, width - LEFT - RIGHT),
  height: Math.max(1, height - TOP - BOTTOM),
});

export class Plot {
  readonly box: Box;

  constructor(
    readonly context: CanvasRenderingContext2D,
    readonly width: number,
    readonly height: number,
    readonly ratio: number,
    readonly x: Axis,
    readonly y: Axis,
    readonly colours: PanelColours,
  ) {
    this.box = boxOf(width, height);
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, width, height);
  }

  toX(value: number): number {
    return this.box.left + (share(value, this.x) * this.box.width);
  }

  toY(value: number): number {
    return this.box.top + (1 - share(value, this.y)) * this.box.height;
  }

  frame(): void {
    const { context, box, colours } = this;
    const bottom = box.top + box.height;
    context.font = FONT;
    context.fillStyle = colours.text;
    context.strokeStyle = colours.grid;
    context.lineWidth = 1;
    context.textAlign = "center";
    context.textBaseline = "top";
    let until = -Infinity;
    for (const mark of marksOf(this.x, Math.max(3, box.width / 65))) {
      const at = this.toX(mark.value);
      this.stroke(at, box.top, at, bottom);
      const half = context.measureText(mark.text).width / 2;
      if (at - half < until || at - half < 0) continue;
      context.fillText(mark.text, Math.min(at, this.width - half - 1), bottom + 4);
      until = at + half + 8;
    }
    context.textAlign = "right";
    context.textBaseline = "middle";
    for (const mark of marksOf(this.y, Math.max(2, box.height / 40))) {
      const at = this.toY(mark.value);
      this.stroke(box.left, at, box.left + box.width, at);
      context.fillText(mark.text, box.left - 5, at);
    }
    context.textAlign = "center";
    context.textBaseline = "bottom";
    context.fillText(this.x.label, box.left + box.width / 2, this.height - 2);
    context.save();
    context.translate(10, box.top + box.height / 2);
    context.rotate(-Math.PI / 2);
    context.textBaseline = "middle";
    context.fillText(this.y.label, 0, 0);
    context.restore();
    context.strokeStyle = colours.axis;
    context.strokeRect(box.left + 0.5, box.top + 0.5, box.width - 1, box.height - 1);
  }

  /** Events as squares of pixels; those that are not chosen lie below, and are paler. */
  points(xs: ArrayLike<number>, ys: ArrayLike<number>, mask: Uint8Array): void {
    const { box, ratio } = this;
    const [left, top] = [Math.round(box.left * ratio), Math.round(box.top * ratio)];
    const [width, height] = [Math.round(box.width * ratio), Math.round(box.height * ratio)];
    const image = this.context.getImageData(left, top, width, height);
    const pixels = new Uint32Array(image.data.buffer);
    const [xLow, xGain] = [this.x.low, width / (this.x.high - this.x.low)];
    const isDown = this.y.isTurned === true;
    const [yLow, yGain] = [this.y.low, height / (this.y.high - this.y.low)];
    const size = xs.length > 5000 ? Math.max(1, Math.round(1.5 * ratio)) : Math.round(3 * ratio);
    for (const wanted of [0, 1] as const) {
      const colour = packed(wanted === 1 ? this.colours.chosenRgb : this.colours.otherRgb);
      for (let i = 0; i < mask.length; i += 1) {
        if (mask[i] !== wanted) continue;
        const column = Math.round((xs[i]! - xLow) * xGain - size / 2);
        const up = (ys[i]! - yLow) * yGain;
        const row = Math.round((isDown ? up : height - up) - size / 2);
        if (!(column >= 0 && row >= 0 && column + size <= width && row + size <= height)) continue;
        for (let dy = 0; dy < size; dy += 1) {
          const from = (row + dy) * width + column;
          for (let dx = 0; dx < size; dx += 1) pixels[from + dx] = colour;
        }
      }
    }
    this.context.putImageData(image, left, top);
  }

  line(points: Iterable<[number, number]>, colour: string, width = 1.5, dash: number[] = []): void {
    this.inside(() => {
      this.context.beginPath();
      for (const [x, y] of points) this.context.lineTo(this.toX(x), this.toY(y));
      this.context.strokeStyle = colour;
      this.context.lineWidth = width;
      this.context.setLineDash(dash);
      this.context.stroke();
    });
  }

  /** A bar from one corner to the other. */
  bar(x0: number, y0: number, x1: number, y1: number, colour: string): void {
    this.inside(() => {
      const [left, right] = [this.toX(x0), this.toX(x1)].sort((a, b) => a - b) as [number, number];
      const [top, bottom] = [this.toY(y0), this.toY(y1)].sort((a, b) => a - b) as [number, number];
      this.context.fillStyle = colour;
      this.context.fillRect(left + 0.5, top + 0.5, Math.max(1, right - left - 1), Math.max(1, bottom - top - 1));
    });
  }

  dot(x: number, y: number, colour: string): void {
    this.inside(() => {
      this.context.fillStyle = colour;
      this.context.beginPath();
      this.context.arc(this.toX(x), this.toY(y), 3, 0, 2 * Math.PI);
      this.context.fill();
    });
  }

  private inside(draw: () => void): void {
    const { left, top, width, height } = this.box;
    this.context.save();
    this.context.beginPath();
    this.context.rect(left, top, width, height);
    this.context.clip();
    draw();
    this.context.restore();
  }

  private stroke(x0: number, y0: number, x1: number, y1: number): void {
    this.context.beginPath();
    this.context.moveTo(x0, y0);
    this.context.lineTo(x1, y1);
    this.context.stroke();
  }
}

/** Where a value lies between the ends of its axis, 0 to 1 from left or from below. */
export function share(value: number, axis: Axis): number {
  const part = (value - axis.low) / (axis.high - axis.low);
  return axis.isTurned ? 1 - part : part;
}

/** The value at a share of the axis. */
export const valueAt = (part: number, axis: Axis): number =>
  axis.low + (axis.isTurned ? 1 - part : part) * (axis.high - axis.low);

/** Red, green and blue as one number, as pixels lie in memory. */
export const packed = ([red, green, blue]: [number, number, number]): number =>
  ((255 << 24) | (blue << 16) | (green << 8) | red) >>> 0;

type Work = () => void;
const waiting = new Map<object, Work>();
let isRunning = false;

/** Draw soon, each panel in a task of its own, so that none of them holds the page up for long. */
export function drawSoon(owner: object, work: Work): void {
  waiting.delete(owner);
  waiting.set(owner, work);
  if (isRunning) return;
  isRunning = true;
  setTimeout(next);
}

function next(): void {
  const [first] = waiting;
  if (first === undefined) {
    isRunning = false;
    return;
  }
  waiting.delete(first[0]);
  first[1]();
  setTimeout(next);
}

export const dropDrawing = (owner: object): boolean => waiting.delete(owner);
