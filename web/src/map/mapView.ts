/** A MapLibre map of stations, epicentres and posterior; loaded only when a map is shown. */

import * as maplibregl from "maplibre-gl";
import "maplibre-gl/dist/maplibre-gl.css";
import workerUrl from "maplibre-gl/dist/maplibre-gl-worker.mjs?url";

import { messages } from "../messages";
import { readCoarse, readFine, type BaseMap } from "./atlas";
import type { MapContent } from "./content";
import type { Row } from "./catalogue";
import { EventCanvas, type Selection } from "./eventCanvas";
import { eventColour, mapStyle, triangle, type EventColour } from "./mapLayers";
import { MovingPace } from "./movingPace";
import { chooseSegment, REASONS_ID } from "./segmentStore";
import { segmentText } from "./segments";
import { isDrawnBySoftware, SoftwarePicture } from "./softwarePicture";
import { listenToTheme } from "../ui/theme";
import { currentPalette, type StationState } from "./palette";

maplibregl.setWorkerUrl(workerUrl);

const text = messages.map.controls;
/** What MapLibre tells of its own. */
const LOCALE = {
  "Marker.Title": text.marker,
  "NavigationControl.ZoomIn": text.zoomIn,
  "NavigationControl.ZoomOut": text.zoomOut,
  "Popup.Close": text.close,
};
type PaintName = Parameters<maplibregl.Map["setPaintProperty"]>[1];
const FINE_FROM_ZOOM = 4;
const MOST_LABELS = 40;
const STATES: StationState[] = ["current", "late", "silent", "stored", "none"];

/** Fronts that take longer than this to draw are not waited for. */
const LONGEST_MS = 2000;
/** Fronts rest this many times as long as they took to draw, less what a fast machine takes. */
const WAVE_REST = 8;
const WAVE_FREE_MS = 200;

export class MapView {
  private readonly map: maplibregl.Map;
  private readonly ready: Promise<void>;
  private base: BaseMap | null = null;
  private hasFine = false;
  private labels: maplibregl.Marker[] = [];
  private labelled = "";
  private content: MapContent | null = null;
  private by: EventColour = "age";
  private isRemoved = false;
  private readonly filled = new Map<string, GeoJSON.GeoJSON>();
  /** Above the map, once all events are shown. */
  private canvas: EventCanvas | null = null;
  /** When fronts may be drawn anew. */
  private wavesFromMs = 0;
  private mark: maplibregl.Marker | null = null;
  private readonly pace: MovingPace;
  /** Null where a graphics card draws. */
  private readonly picture: SoftwarePicture | null;
  private readonly stopListening: () => void;

  constructor(
    private readonly container: HTMLElement,
    onSelect: (eventId: string) => void,
    label: string,
  ) {
    this.map = new maplibregl.Map({
      container,
      style: mapStyle(currentPalette(), this.by),
      center: [0, 20],
      zoom: 0.5,
      maxZoom: 15,
      locale: LOCALE,
      attributionControl: false,
      fadeDuration: 0, // fading would draw all events again and again after each change
      dragRotate: false,
      touchPitch: false,
      pitchWithRotate: false,
    });
    this.map.getCanvas().setAttribute("role", "application"); // keys move it; no landmark of the page
    this.map.getCanvas().setAttribute("aria-label", label);
    this.map.touchZoomRotate.disableRotation();
    this.map.keyboard.disableRotation();
    this.map.addControl(new maplibregl.NavigationControl({ showCompass: false }), "top-right");
    this.map.addControl(new maplibregl.ScaleControl({ unit: "metric" }), "bottom-left");
    this.map.on("click", "events", (event) => {
      const id: unknown = event.features?.[0]?.properties["event_id"];
      if (typeof id === "string") onSelect(id);
    });
    this.map.on("click", (event) => {
      const { lng, lat } = event.lngLat.wrap();
      if (this.isPlacing) return this.onPlace?.(lng, lat);
      const row = this.canvas?.at(event.point);
      if (row) onSelect(row.id);
    });
    this.map.on("mousemove", (event) => this.point(event.point));
    this.map.on("mouseout", () => this.point(null));
    this.map.on("click", "segments", (event) => this.tellSegment(event));
    this.map.on("mouseenter", "events", () => (this.map.getCanvas().style.cursor = "pointer"));
    this.map.on("mouseleave", "events", () => (this.map.getCanvas().style.cursor = ""));
    this.map.on("movestart", (event) => {
      if ("originalEvent" in event && event.originalEvent) this.isMoved = true;
    });
    this.map.on("zoomend", () => void this.refine());
    this.map.on("idle", () => {
      this.container.dataset["idle"] = "true";
    });
    this.ready = new Promise((resolve) => this.map.once("style.load", () => resolve()));
    const isBySoftware = isDrawnBySoftware(this.map.getCanvas());
    this.picture = isBySoftware ? new SoftwarePicture(this.map) : null;
    this.pace = new MovingPace(this.map, isBySoftware);
    this.stopListening = listenToTheme(this.restyle);
    void this.start();
  }

  /** Draw this content in place of what was there. */
  async show(content: MapContent): Promise<void> {
    this.content = content;
    await this.ready;
    if (this.isRemoved || this.content !== content) return; // newer content came meanwhile
    const names = ["stations", "events", "regions", "samples", "segments", "faults", "forecast", "shaking"] as const;
    for (const name of names) this.fill(name, content[name]);
  }

  /** Where the next click on the map is a place, what is told of it. */
  onPlace: ((longitude: number, latitude: number) => void) | null = null;
  private isPlacing = false;

  placing(isPlacing: boolean): void {
    this.isPlacing = isPlacing;
    this.map.getCanvas().style.cursor = isPlacing ? "crosshair" : "";
  }

  /** Whether the reader has moved it; then nothing else does without being asked. */
  isMoved = false;

  /** Longitude and latitude of the middle of what is seen. */
  get middle(): [number, number] {
    const { lng, lat } = this.map.getCenter().wrap();
    return [lng, lat];
  }

  /** Mark a place, or none. */
  markPlace(place: [number, number] | null, name: string): void {
    this.mark?.remove();
    this.mark = null;
    if (place === null) return;
    const element = document.createElement("span");
    element.className = "place-mark";
    element.textContent = name;
    this.mark = new maplibregl.Marker({ element, anchor: "bottom" }).setLngLat(place).addTo(this.map);
  }

  /** Draw one source anew; the others stay. */
  async draw(name: string, data: GeoJSON.FeatureCollection): Promise<void> {
    await this.ready;
    if (!this.isRemoved) this.fill(name, data);
  }

  /** Add events to all others, or replace them where they are known. */
  addEvents(rows: readonly Row[]): void {
    this.all.add(rows);
  }

  /** Draw a ring around one of all events, or around none. */
  markEvent(row: Row | null): void {
    this.all.mark(row);
  }

  /** Draw fronts, at a pace that leaves the page most of its time. */
  drawWaves(data: GeoJSON.FeatureCollection): void {
    const beganMs = performance.now();
    if (beganMs < this.wavesFromMs && data.features.length > 0) return;
    this.wavesFromMs = beganMs + LONGEST_MS;
    void this.draw("waves", data);
    requestAnimationFrame(() => requestAnimationFrame(() => {
      const nowMs = performance.now();
      this.wavesFromMs = nowMs + WAVE_REST * (nowMs - beganMs) - WAVE_FREE_MS;
    }));
  }

  /** Show those of all events that filters and time let through. */
  select(selection: Selection): void {
    this.all.select(selection);
  }

  private get all(): EventCanvas {
    this.canvas ??= new EventCanvas(this.map, this.picture);
    return this.canvas;
  }

  /** Show by mark and pointer which of all events a click would select. */
  private point(point: maplibregl.Point | null): void {
    if (this.canvas === null || this.isPlacing) return;
    const isThere = this.canvas.hover(this.map.isMoving() ? null : point);
    this.map.getCanvas().style.cursor = isThere ? "pointer" : "";
  }

  async colourBy(by: EventColour): Promise<void> {
    this.by = by;
    await this.ready;
    if (this.isRemoved) return;
    this.map.setPaintProperty("events", "circle-color", eventColour(by, currentPalette()));
  }

  /** Move so that a box of west, south, east, north is seen. */
  fit(box: [number, number, number, number]): void {
    this.map.fitBounds(box, { padding: 48, maxZoom: 11, animate: false });
  }

  remove(): void {
    this.isRemoved = true;
    this.stopListening();
    this.canvas?.remove();
    this.pace.remove();
    this.picture?.remove();
    this.map.remove();
  }

  private async start(): Promise<void> {
    await this.ready;
    if (this.isRemoved) return;
    this.dress();
    this.base = await readCoarse().catch(() => null); // no land is better than no map
    if (this.isRemoved) return;
    this.fillBase();
    await this.refine();
  }

  private async refine(): Promise<void> {
    if (this.hasFine || this.map.getZoom() < FINE_FROM_ZOOM) return;
    this.hasFine = true;
    try {
      this.base = await readFine();
      await this.ready;
      if (!this.isRemoved) this.fillBase();
    } catch {
      this.hasFine = false; // the coarse one stays, and the next zoom tries again
    }
  }

  private readonly restyle = (): void => {
    void this.ready.then(() => {
      if (this.isRemoved) return;
      for (const layer of mapStyle(currentPalette(), this.by).layers) {
        for (const [name, value] of Object.entries(layer.paint ?? {})) {
          this.map.setPaintProperty(layer.id, name as PaintName, value);
        }
      }
      this.canvas?.restyle();
      this.dress();
    });
  };

  /** Give the style its images, in the colours of now, and its base map. */
  private dress(): void {
    const palette = currentPalette();
    for (const state of STATES) {
      const name = `station-${state}`;
      const image = triangle(palette.stations[state], palette.edge);
      if (this.map.hasImage(name)) this.map.updateImage(name, image);
      else this.map.addImage(name, image, { pixelRatio: 2 });
    }
    this.fillBase();
  }

  private fillBase(): void {
    if (this.base === null) return;
    this.fill("land", this.base.land);
    this.fill("borders", this.base.borders);
  }

  private fill(name: string, data: GeoJSON.GeoJSON): void {
    if (this.filled.get(name) === data) return;
    this.filled.set(name, data);
    if (name === "stations") this.label(data as GeoJSON.FeatureCollection<GeoJSON.Point>);
    this.map.getSource<maplibregl.GeoJSONSource>(name)?.setData(data);
  }

  /** Tell of a segment where it was clicked, and choose it, unless an event lies there. */
  private tellSegment(event: maplibregl.MapLayerMouseEvent): void {
    const properties = event.features?.[0]?.properties;
    if (properties === undefined) return;
    if (this.isPlacing || this.canvas?.at(event.point)) return;
    if (this.map.queryRenderedFeatures(event.point, { layers: ["events"] }).length > 0) return;
    chooseSegment({ region: String(properties["region"]), index: Number(properties["index"]) });
    const told = document.createElement("div");
    told.className = "segment-popup";
    told.textContent = segmentText(properties);
    const why = document.createElement("button");
    why.textContent = messages.relevance.why;
    why.onclick = () => document.getElementById(REASONS_ID)?.focus();
    told.append(why);
    new maplibregl.Popup({ maxWidth: "280px" }).setLngLat(event.lngLat).setDOMContent(told).addTo(this.map);
  }

  /** Write station codes as HTML: the page brings no glyphs for the map. */
  private label(stations: GeoJSON.FeatureCollection<GeoJSON.Point>): void {
    const shown = stations.features.slice(0, MOST_LABELS);
    const key = JSON.stringify(shown.map((one) => [one.properties?.["code"], one.geometry]));
    if (key === this.labelled) return;
    this.labelled = key;
    this.labels.forEach((label) => label.remove());
    this.labels = shown.map((one) => {
      const element = document.createElement("span");
      element.className = "station-label";
      element.textContent = String(one.properties?.["station"]);
      return new maplibregl.Marker({ element, anchor: "top", offset: [0, 7] })
        .setLngLat(one.geometry.coordinates as [number, number])
        .addTo(this.map);
    });
  }
}
