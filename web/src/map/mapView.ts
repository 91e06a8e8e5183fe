/** A MapLibre map of stations, epicentres and posterior; loaded only when a map is shown. */

import * as maplibregl from "maplibre-gl";
import "maplibre-gl/dist/maplibre-gl.css";
import workerUrl from "maplibre-gl/dist/maplibre-gl-worker.mjs?url";

import { messages } from "../messages";
import { readCoarse, readFine, type BaseMap } from "./atlas";
import type { MapContent } from "./content";
import { catalogueColour, eventColour, mapStyle, triangle, type EventColour } from "./mapLayers";
import { segmentText } from "./segments";
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

/** How often another selection of all events is drawn at most. */
const SELECT_MS = 80;
/** A map that takes longer than this to draw is not waited for. */
const LONGEST_MS = 2000;
/** Fronts rest this many times as long as they took to draw, less what a fast machine takes. */
const WAVE_REST = 8;
const WAVE_FREE_MS = 200;
/** More events in one go would hold up the page. */
const MOST_AT_ONCE = 8000;

/** Which of all events are shown, and how they are coloured. */
export interface Selection {
  filter: maplibregl.ExpressionSpecification;
  by: EventColour;
  /** What ages count from, s since 1970. */
  nowS: number;
}

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
  private isReady = false;
  private readonly filled = new Map<string, GeoJSON.GeoJSON>();
  private selection: Selection | null = null;
  private readonly waiting: GeoJSON.Feature[] = [];
  /** Until when the map draws what was selected last, and when fronts may be drawn anew. */
  private busyToMs = 0;
  private wavesFromMs = 0;
  private nowS = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private mark: maplibregl.Marker | null = null;
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
      pitchWithRotate: false,
    });
    this.map.getCanvas().setAttribute("role", "application"); // keys move it; no landmark of the page
    this.map.getCanvas().setAttribute("aria-label", label);
    this.map.touchZoomRotate.disableRotation();
    this.map.addControl(new maplibregl.NavigationControl({ showCompass: false }), "top-right");
    this.map.addControl(new maplibregl.ScaleControl({ unit: "metric" }), "bottom-left");
    this.map.on("click", "events", (event) => {
      const id: unknown = event.features?.[0]?.properties["event_id"];
      if (typeof id === "string") onSelect(id);
    });
    this.map.on("click", "catalogue", (event) => {
      const id: unknown = event.features?.[0]?.properties["event_id"];
      if (typeof id === "string" && !this.isPlacing) onSelect(id);
    });
    this.map.on("click", (event) => {
      const { lng, lat } = event.lngLat.wrap();
      if (this.isPlacing) this.onPlace?.(lng, lat);
    });
    this.map.on("click", "segments", (event) => this.tellSegment(event));
    this.map.on("mouseenter", "events", () => (this.map.getCanvas().style.cursor = "pointer"));
    this.map.on("mouseleave", "events", () => (this.map.getCanvas().style.cursor = ""));
    this.map.on("movestart", (event) => {
      if ("originalEvent" in event && event.originalEvent) this.isMoved = true;
    });
    this.map.on("zoomend", () => void this.refine());
    this.map.on("idle", () => {
      this.busyToMs = 0;
      this.container.dataset["idle"] = "true";
    });
    this.ready = new Promise((resolve) => this.map.once("style.load", () => resolve()));
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

  /** Add events to all others, or replace them where they are known, as fast as the map takes them. */
  addEvents(features: GeoJSON.Feature[]): void {
    for (const one of features) this.waiting.push(one);
    this.later();
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

  /** Show those of all events that a filter lets through, at the pace that the map can follow. */
  select(selection: Selection): void {
    this.selection = selection;
    this.later();
  }

  private later(): void {
    this.timer ??= setTimeout(this.applyLater, SELECT_MS);
  }

  private readonly applyLater = (): void => {
    this.timer = undefined;
    if (this.isRemoved) return;
    const isBusy = performance.now() < this.busyToMs;
    if (!this.isReady || isBusy || !this.map.isSourceLoaded("catalogue")) return this.later();
    this.busyToMs = performance.now() + LONGEST_MS;
    const add = this.waiting.splice(0, MOST_AT_ONCE);
    if (add.length > 0) {
      void this.map.getSource<maplibregl.GeoJSONSource>("catalogue")?.updateData({ add });
    }
    if (this.selection !== null) this.applySelection(this.selection);
    if (this.waiting.length > 0) this.later();
  };

  private applySelection({ filter, by, nowS }: Selection): void {
    this.selection = null;
    this.by = by;
    this.nowS = nowS;
    this.map.setFilter("catalogue", filter, { validate: false });
    this.map.setPaintProperty("catalogue", "circle-color", catalogueColour(by, currentPalette(), nowS));
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
    clearTimeout(this.timer);
    this.stopListening();
    this.map.remove();
  }

  private async start(): Promise<void> {
    await this.ready;
    if (this.isRemoved) return;
    this.isReady = true;
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
      const colour = catalogueColour(this.by, currentPalette(), this.nowS);
      this.map.setPaintProperty("catalogue", "circle-color", colour);
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

  /** Tell of a segment where it was clicked, unless an event lies there. */
  private tellSegment(event: maplibregl.MapLayerMouseEvent): void {
    const properties = event.features?.[0]?.properties;
    if (properties === undefined) return;
    if (this.map.queryRenderedFeatures(event.point, { layers: ["events"] }).length > 0) return;
    new maplibregl.Popup({ maxWidth: "280px" })
      .setLngLat(event.lngLat)
      .setText(segmentText(properties))
      .addTo(this.map);
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
