/** A map under a canvas of events: they are drawn by pixels, so that 50,000 of them move fluently. */

import * as maplibregl from "maplibre-gl";
import "maplibre-gl/dist/maplibre-gl.css";
import workerUrl from "maplibre-gl/dist/maplibre-gl-worker.mjs?url";

import { readCoarse, readFine, type BaseMap } from "../map/atlas";
import { currentPalette, type Palette } from "../map/palette";
import { messages } from "../messages";
import { isDark, listenToTheme } from "../ui/theme";
import { eventBounds } from "./bounds";
import { DARK, LIGHT } from "./colours";
import type { Columns } from "./columns";
import type { Place } from "./filters";
import { packed } from "./plot";

maplibregl.setWorkerUrl(workerUrl);

export type Tool = "move" | "box" | "lasso" | "line";
const FINE_FROM_ZOOM = 4;
const TILE = 512;
const text = messages.map.controls;

const styleOf = (palette: Palette): maplibregl.StyleSpecification => ({
  version: 8,
  sources: {
    land: { type: "geojson", data: { type: "FeatureCollection", features: [] } },
    borders: { type: "geojson", data: { type: "FeatureCollection", features: [] } },
  },
  layers: [
    { id: "water", type: "background", paint: { "background-color": palette.water } },
    { id: "land", type: "fill", source: "land", paint: { "fill-color": palette.land } },
    { id: "borders", type: "line", source: "borders", paint: { "line-color": palette.border } },
    { id: "coast", type: "line", source: "land", paint: { "line-color": palette.border } },
  ],
});

const mercatorX = (longitude: number): number => (longitude + 180) / 360;
const mercatorY = (latitude: number): number => {
  const bounded = Math.min(85.05, Math.max(-85.05, latitude));
  return 0.5 - Math.log(Math.tan(Math.PI / 4 + (bounded * Math.PI) / 360)) / (2 * Math.PI);
};

export class PlanMap {
  private readonly map: maplibregl.Map;
  private readonly ready: Promise<void>;
  private readonly stopListening: () => void;
  private base: BaseMap | null = null;
  private hasFine = false;
  private isRemoved = false;
  private xs = new Float64Array(0);
  private ys = new Float64Array(0);
  private columns: Columns | null = null;
  private mask: Uint8Array = new Uint8Array(0);
  private area: readonly Place[] | null = null;
  private line: readonly Place[] | null = null;
  private frame = 0;

  constructor(
    container: HTMLElement,
    private readonly canvas: HTMLCanvasElement,
    label: string,
  ) {
    this.map = new maplibregl.Map({
      container,
      style: styleOf(currentPalette()),
      center: [0, 20],
      zoom: 0.5,
      maxZoom: 15,
      locale: { "NavigationControl.ZoomIn": text.zoomIn, "NavigationControl.ZoomOut": text.zoomOut },
      attributionControl: false,
      dragRotate: false,
      pitchWithRotate: false,
    });
    this.map.getCanvas().setAttribute("role", "application");
    this.map.getCanvas().setAttribute("aria-label", label);
    this.map.touchZoomRotate.disableRotation();
    this.map.keyboard.disableRotation();
    this.map.addControl(new maplibregl.NavigationControl({ showCompass: false }), "top-right");
    this.map.addControl(new maplibregl.ScaleControl({ unit: "metric" }), "bottom-left");
    this.map.on("move", this.drawSoon);
    this.map.on("resize", this.drawSoon);
    this.map.on("zoomend", () => void this.refine());
    this.map.on("idle", () => (container.dataset["idle"] = "true"));
    this.ready = new Promise((resolve) => this.map.once("style.load", () => resolve()));
    this.stopListening = listenToTheme(this.restyle);
    void this.start();
  }

  /** Show other events, and move to where they are. */
  setEvents(columns: Columns): void {
    this.columns = columns;
    this.mask = new Uint8Array(columns.n).fill(1);
    this.xs = Float64Array.from(columns.longitude, mercatorX);
    this.ys = Float64Array.from(columns.latitude, mercatorY);
    this.fit();
  }

  select(mask: Uint8Array, area: readonly Place[] | null, line: readonly Place[] | null): void {
    this.mask = mask;
    this.area = area;
    this.line = line;
    this.drawSoon();
  }

  /** Longitude and latitude under a place on the canvas. */
  placeAt(x: number, y: number): Place {
    const { lng, lat } = this.map.unproject([x, y]);
    return [lng, lat];
  }

  remove(): void {
    this.isRemoved = true;
    cancelAnimationFrame(this.frame);
    this.stopListening();
    this.map.remove();
  }

  private fit(): void {
    const bounds = eventBounds(this.columns!);
    if (bounds !== null) this.map.fitBounds(bounds, { padding: 32, maxZoom: 11, animate: false });
    this.drawSoon();
  }

  private readonly drawSoon = (): void => {
    cancelAnimationFrame(this.frame);
    this.frame = requestAnimationFrame(this.draw);
  };

  private readonly draw = (): void => {
    const context = this.canvas.getContext("2d", { willReadFrequently: true });
    if (this.isRemoved || context === null) return;
    const ratio = Math.min(2, window.devicePixelRatio || 1);
    const { clientWidth, clientHeight } = this.map.getContainer();
    const [width, height] = [Math.round(clientWidth * ratio), Math.round(clientHeight * ratio)];
    if (this.canvas.width !== width) this.canvas.width = width;
    if (this.canvas.height !== height) this.canvas.height = height;
    if (width === 0 || height === 0) return;
    context.clearRect(0, 0, width, height);
    this.drawEvents(context, width, height, ratio);
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    this.outline(context);
    context.setTransform(1, 0, 0, 1, 0, 0);
    this.canvas.dataset["drawn"] = "true";
  };

  private drawEvents(context: CanvasRenderingContext2D, width: number, height: number, ratio: number): void {
    if (this.columns === null) return;
    const image = context.createImageData(width, height);
    const pixels = new Uint32Array(image.data.buffer);
    const centre = this.map.getCenter();
    const world = TILE * 2 ** this.map.getZoom() * ratio;
    const [cx, cy] = [mercatorX(centre.lng), mercatorY(centre.lat)];
    const { magnitude } = this.columns;
    const colours = isDark() ? DARK : LIGHT;
    const edge = packed(isDark() ? [13, 21, 27] : [255, 255, 255]);
    const hasMany = this.mask.length > 5000;
    for (const wanted of [0, 1] as const) {
      const colour = packed(wanted === 1 ? colours.chosenRgb : colours.otherRgb);
      for (let i = 0; i < this.mask.length; i += 1) {
        if (this.mask[i] !== wanted) continue;
        let dx = this.xs[i]! - cx;
        dx -= Math.round(dx);
        const [x, y] = [dx * world + width / 2, (this.ys[i]! - cy) * world + height / 2];
        const half = radius(magnitude[i]!, hasMany) * ratio;
        if (!(x >= half + 1 && y >= half + 1 && x < width - half - 1 && y < height - half - 1)) continue;
        disc(pixels, width, x, y, half, colour, half > 2.5 ? edge : colour);
      }
    }
    context.putImageData(image, 0, 0);
  }

  private outline(context: CanvasRenderingContext2D): void {
    const colour = (isDark() ? DARK : LIGHT).fit;
    context.strokeStyle = colour;
    context.lineWidth = 2;
    for (const [places, isClosed] of [[this.area, true], [this.line, false]] as const) {
      if (places === null || places.length < 2) continue;
      context.beginPath();
      context.setLineDash(isClosed ? [] : [6, 4]);
      for (const place of places) {
        const { x, y } = this.map.project([place[0], place[1]]);
        context.lineTo(x, y);
      }
      if (isClosed) context.closePath();
      context.stroke();
    }
    context.setLineDash([]);
  }

  private async start(): Promise<void> {
    await this.ready;
    this.base = await readCoarse().catch(() => null);
    if (this.isRemoved) return;
    this.fill();
    await this.refine();
  }

  private async refine(): Promise<void> {
    if (this.hasFine || this.map.getZoom() < FINE_FROM_ZOOM) return;
    this.hasFine = true;
    try {
      this.base = await readFine();
      await this.ready;
      this.fill();
    } catch {
      this.hasFine = false;
    }
  }

  private fill(): void {
    if (this.base === null || this.isRemoved) return;
    this.map.getSource<maplibregl.GeoJSONSource>("land")?.setData(this.base.land);
    this.map.getSource<maplibregl.GeoJSONSource>("borders")?.setData(this.base.borders);
  }

  private readonly restyle = (): void => {
    void this.ready.then(() => {
      if (this.isRemoved) return;
      const palette = currentPalette();
      this.map.setPaintProperty("water", "background-color", palette.water);
      this.map.setPaintProperty("land", "fill-color", palette.land);
      this.map.setPaintProperty("borders", "line-color", palette.border);
      this.map.setPaintProperty("coast", "line-color", palette.border);
      this.drawSoon();
    });
  };
}

/** Pixels from the middle of an event to its edge. */
function radius(magnitude: number, hasMany: boolean): number {
  const size = Number.isNaN(magnitude) ? 0 : Math.max(0, magnitude);
  return hasMany ? Math.max(1, size ** 2 / 5) : Math.max(2, 1.5 + size ** 1.5 / 1.6);
}

function disc(
  pixels: Uint32Array, width: number, x: number, y: number, half: number, colour: number, edge: number,
): void {
  const [column, row, reach] = [Math.round(x), Math.round(y), Math.floor(half)];
  const [inner, outer] = [(half - 1) ** 2, half ** 2 + 0.5];
  for (let dy = -reach; dy <= reach; dy += 1) {
    const from = (row + dy) * width + column;
    for (let dx = -reach; dx <= reach; dx += 1) {
      const far = dx * dx + dy * dy;
      if (far <= outer) pixels[from + dx] = far > inner ? edge : colour;
    }
  }
}
