/** Draws the record, the spectrogram and the helicorder of a station onto canvases. */

import type { EventSummary, LivePick } from "../api/types";
import { compact, utc } from "../format";
import type { TraceColours } from "../traces/colours";
import { reachOf } from "../traces/rowData";
import { frequencyShare, frequencyTicks, timeTicks } from "./axes";
import type { Bins, Spectrogram } from "./client";
import { byteColours } from "./colourMap";
import type { Line } from "./lines";

export const LEFT_PX = 52;
export const TIME_PX = 18;
const FONT = "11px system-ui, sans-serif";

export interface Span {
  startMs: number;
  endMs: number;
}

export interface Marks {
  picks: LivePick[];
  events: EventSummary[];
}

interface Box {
  left: number;
  top: number;
  width: number;
  height: number;
}

/** Prepare a canvas for drawing in CSS pixels; null where the browser has no canvas. */
export function contextOf(canvas: HTMLCanvasElement, width: number, height: number): CanvasRenderingContext2D | null {
  const scale = window.devicePixelRatio || 1;
  const [wide, high] = [Math.round(width * scale), Math.round(height * scale)];
  if (canvas.width !== wide || canvas.height !== high) [canvas.width, canvas.height] = [wide, high];
  const context = canvas.getContext("2d");
  if (context === null) return null;
  context.setTransform(scale, 0, 0, scale, 0, 0);
  context.clearRect(0, 0, width, height);
  context.font = FONT;
  return context;
}

const place = (timeMs: number, span: Span, box: Box): number =>
  box.left + ((timeMs - span.startMs) / (span.endMs - span.startMs)) * box.width;

function clipped(context: CanvasRenderingContext2D, box: Box, draw: () => void): void {
  context.save();
  context.beginPath();
  context.rect(box.left, box.top, box.width, box.height);
  context.clip();
  draw();
  context.restore();
}

/** Draw a record as a band, with its picks and events; returns its half height in its own unit. */
export function drawRecord(
  canvas: HTMLCanvasElement,
  size: { width: number; height: number },
  bins: Bins | null,
  span: Span,
  marks: Marks,
  colours: TraceColours,
): number {
  const context = contextOf(canvas, size.width, size.height);
  if (context === null) return 0;
  const box = { left: LEFT_PX, top: 2, width: size.width - LEFT_PX, height: size.height - 4 };
  const { centre, half } = levels(bins, span);
  const height = (value: number) => box.top + box.height * (0.5 - (0.48 * (value - centre)) / (half || 1));
  frame(context, box, span, colours, false);
  if (bins !== null && half > 0) {
    clipped(context, box, () => {
      context.fillStyle = colours.band;
      strokeBins(context, bins, span, box, height);
    });
    context.fillStyle = colours.text;
    context.textAlign = "right";
    context.textBaseline = "middle";
    context.fillText(compact(half), LEFT_PX - 5, box.top + 8);
    context.fillText(`−${compact(half)}`, LEFT_PX - 5, box.top + box.height - 8);
  }
  drawMarks(context, box, span, marks, colours);
  return half;
}

/** Middle and half height of what lies in a span. */
export function levels(bins: Bins | null, span: Span): { centre: number; half: number } {
  const found = bins && reachOf(bins.minimum, bins.maximum, ...binsIn(bins, span));
  return found === null ? { centre: 0, half: 0 } : { centre: found.centre, half: found.amplitude || 1 };
}

function binsIn(bins: Bins, span: Span): [number, number] {
  const count = bins.maximum.length;
  const number = (timeMs: number) => (timeMs - bins.startMs) / bins.binMs;
  return [Math.max(0, Math.floor(number(span.startMs))), Math.min(count, Math.ceil(number(span.endMs)))];
}

function strokeBins(
  context: CanvasRenderingContext2D,
  bins: Bins,
  span: Span,
  box: Box,
  height: (value: number) => number,
): void {
  const [first, pastLast] = binsIn(bins, span);
  const wide = Math.max(1, (bins.binMs / (span.endMs - span.startMs)) * box.width);
  for (let bin = first; bin < pastLast; bin += 1) {
    if (Number.isNaN(bins.maximum[bin]!)) continue;
    const at = place(bins.startMs + bin * bins.binMs, span, box);
    const top = height(bins.maximum[bin]!);
    context.fillRect(at, top - 0.5, wide + 0.3, Math.max(1, height(bins.minimum[bin]!) - top + 1));
  }
}

/** Draw a spectrogram with its frequencies, the time below, and picks and events over it. */
export function drawSpectrogram(
  canvas: HTMLCanvasElement,
  size: { width: number; height: number },
  told: Spectrogram | null,
  span: Span,
  marks: Marks,
  colours: TraceColours,
): void {
  const context = contextOf(canvas, size.width, size.height);
  if (context === null) return;
  const box = { left: LEFT_PX, top: 0, width: size.width - LEFT_PX, height: size.height - TIME_PX };
  const picture = told === null ? null : pictureOf(told);
  if (told !== null && picture !== null) {
    const startMs = Date.parse(told.start);
    const endMs = startMs + told.columns * told.column_s * 1000;
    clipped(context, box, () => {
      const [left, right] = [place(startMs, span, box), place(endMs, span, box)];
      context.imageSmoothingEnabled = false;
      context.drawImage(picture, left, box.top, right - left, box.height);
    });
    frequencies(context, box, told, colours);
  }
  frame(context, box, span, colours, true);
  drawMarks(context, box, span, marks, { ...colours, p: "#ffffff", s: "#ffffff", text: "#ffffff" }, true);
}

function pictureOf(told: Spectrogram): HTMLCanvasElement | null {
  const picture = document.createElement("canvas");
  [picture.width, picture.height] = [told.columns, told.rows];
  const context = picture.getContext("2d");
  if (context === null) return null;
  const image = context.createImageData(told.columns, told.rows);
  const colours = byteColours(told.low_db, told.step_db, told.shown_db);
  for (let column = 0; column < told.columns; column += 1) {
    for (let row = 0; row < told.rows; row += 1) {
      const from = 4 * told.bytes[column * told.rows + row]!;
      const to = 4 * ((told.rows - 1 - row) * told.columns + column);
      for (let part = 0; part < 4; part += 1) image.data[to + part] = colours[from + part]!;
    }
  }
  context.putImageData(image, 0, 0);
  return picture;
}

function frequencies(context: CanvasRenderingContext2D, box: Box, told: Spectrogram, colours: TraceColours): void {
  const [low, high] = [told.edges_hz[0]!, told.edges_hz.at(-1)!];
  if (!(high > low)) return;
  context.fillStyle = colours.text;
  context.textAlign = "right";
  context.textBaseline = "middle";
  for (const hz of frequencyTicks(low, high, told.scale)) {
    const at = box.top + box.height * (1 - frequencyShare(hz, low, high, told.scale));
    context.fillRect(LEFT_PX - 4, at - 0.5, 4, 1);
    context.fillText(String(hz), LEFT_PX - 7, Math.max(6, at));
  }
}

/** The edges of a box, and the time along it. */
function frame(
  context: CanvasRenderingContext2D,
  box: Box,
  span: Span,
  colours: TraceColours,
  hasLabels: boolean,
): void {
  const withSeconds = span.endMs - span.startMs < 600_000;
  context.textAlign = "center";
  context.textBaseline = "top";
  for (const timeMs of timeTicks(span.startMs, span.endMs, box.width / (withSeconds ? 78 : 60))) {
    const at = place(timeMs, span, box);
    context.fillStyle = colours.grid;
    if (!hasLabels) context.fillRect(at, box.top, 1, box.height);
    if (!hasLabels) continue;
    context.fillStyle = colours.text;
    context.fillRect(at, box.top + box.height, 1, 3);
    const label = utc(timeMs, 0, false).slice(0, withSeconds ? 8 : 5);
    const half = context.measureText(label).width / 2;
    const inside = Math.min(box.left + box.width - half, Math.max(box.left + half, at));
    context.fillText(label, inside, box.top + box.height + 5);
  }
  context.strokeStyle = colours.grid;
  context.strokeRect(box.left + 0.5, box.top + 0.5, box.width - 1, box.height - 1);
}

function drawMarks(
  context: CanvasRenderingContext2D,
  box: Box,
  span: Span,
  { picks, events }: Marks,
  colours: TraceColours,
  isOverPicture = false,
): void {
  const line = (at: number, dash: number[]) => {
    context.setLineDash(dash);
    context.beginPath();
    context.moveTo(at, box.top);
    context.lineTo(at, box.top + box.height);
    if (isOverPicture) {
      context.strokeStyle = "rgb(0 0 0 / 60%)"; // white lines need an edge over bright power
      context.lineWidth = 3.5;
      context.stroke();
    }
    context.lineWidth = 1.5;
  };
  const finish = (colour: string) => {
    context.strokeStyle = colour;
    context.stroke();
  };
  const letter = (text: string, at: number, top: number, colour: string) => {
    context.textAlign = "left";
    context.textBaseline = "top";
    context.font = `bold ${FONT}`;
    if (isOverPicture) {
      context.strokeStyle = "rgb(0 0 0 / 70%)";
      context.lineWidth = 3;
      context.setLineDash([]);
      context.strokeText(text, at + 3, top);
    }
    context.fillStyle = colour;
    context.fillText(text, at + 3, top);
    context.font = FONT;
  };
  clipped(context, box, () => {
    for (const event of events) {
      const at = place(Date.parse(event.time), span, box);
      line(at, [5, 4]);
      finish(colours.text);
      const magnitude = event.magnitude === null ? "M –" : `M ${event.magnitude.toFixed(1)}`;
      letter(magnitude, at, box.top + box.height - 14, colours.text);
    }
    for (const pick of picks) {
      const timeMs = Date.parse(pick.time);
      const colour = pick.phase === "P" ? colours.p : colours.s;
      const [left, right] = [-1, 1].map((sign) => place(timeMs + sign * 1000 * pick.sigma_s, span, box)) as [number, number];
      context.globalAlpha = 0.28;
      context.fillStyle = colour;
      context.fillRect(left, box.top, right - left, box.height);
      context.globalAlpha = 1;
      const at = place(timeMs, span, box);
      line(at, pick.phase === "P" ? [] : [6, 3]);
      finish(colour);
      letter(pick.phase, at, box.top + (pick.phase === "P" ? 2 : 15), colour);
    }
  });
  context.setLineDash([]);
  context.lineWidth = 1;
}

/** Draw the lines of a helicorder; the shown window is shaded. */
export function drawHelicorder(
  canvas: HTMLCanvasElement,
  size: { width: number; lineHeight: number },
  bins: Bins | null,
  lines: Line[],
  amplitude: number,
  shown: Span,
  marks: Marks,
  colours: TraceColours,
): void {
  const context = contextOf(canvas, size.width, size.lineHeight * lines.length);
  if (context === null) return;
  lines.forEach((line, number) => {
    const box = { left: LEFT_PX, top: number * size.lineHeight, width: size.width - LEFT_PX, height: size.lineHeight };
    shade(context, box, line, shown, colours);
    context.fillStyle = colours.text;
    context.textAlign = "right";
    context.textBaseline = "middle";
    context.fillText(utc(line.startMs, 0, false).slice(0, 5), LEFT_PX - 6, box.top + box.height / 2);
    context.fillStyle = colours.grid;
    context.fillRect(box.left, Math.round(box.top + box.height / 2), box.width, 1);
  });
  lines.forEach((line, number) => {
    const middle = (number + 0.5) * size.lineHeight;
    const box = { left: LEFT_PX, top: 0, width: size.width - LEFT_PX, height: size.lineHeight };
    if (bins !== null && line.centre !== null) {
      const centre = line.centre;
      const reach = 1.4 * size.lineHeight; // beyond, a great earthquake would cover all
      const height = (value: number) =>
        middle - Math.min(reach, Math.max(-reach, (0.5 * size.lineHeight * (value - centre)) / amplitude));
      context.fillStyle = number % 2 === 0 ? colours.record : colours.band;
      strokeBins(context, bins, line, box, height);
    }
    tick(context, { ...box, top: number * size.lineHeight }, line, marks, colours);
  });
}

function shade(context: CanvasRenderingContext2D, box: Box, line: Line, shown: Span, colours: TraceColours): void {
  const [left, right] = [Math.max(shown.startMs, line.startMs), Math.min(shown.endMs, line.endMs)];
  if (right <= left) return;
  context.globalAlpha = 0.22;
  context.fillStyle = colours.p;
  const at = place(left, line, box);
  context.fillRect(at, box.top, Math.max(2, place(right, line, box) - at), box.height);
  context.globalAlpha = 1;
}

/** Picks as short lines, events as triangles with their magnitude. */
function tick(
  context: CanvasRenderingContext2D,
  box: Box,
  line: Line,
  { picks, events }: Marks,
  colours: TraceColours,
): void {
  const inside = (timeMs: number) => timeMs >= line.startMs && timeMs < line.endMs;
  for (const pick of picks) {
    const timeMs = Date.parse(pick.time);
    if (!inside(timeMs)) continue;
    context.fillStyle = pick.phase === "P" ? colours.p : colours.s;
    context.fillRect(place(timeMs, line, box) - 0.75, box.top + 2, 1.5, box.height - 4);
  }
  for (const event of events) {
    const timeMs = Date.parse(event.time);
    if (!inside(timeMs)) continue;
    const at = place(timeMs, line, box);
    context.fillStyle = colours.text;
    context.beginPath();
    context.moveTo(at - 4, box.top + 1);
    context.lineTo(at + 4, box.top + 1);
    context.lineTo(at, box.top + 8);
    context.fill();
    context.textAlign = "left";
    context.textBaseline = "top";
    if (event.magnitude !== null) context.fillText(event.magnitude.toFixed(1), at + 6, box.top);
  }
}
