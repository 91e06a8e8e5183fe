/** A MapLibre map of stations, epicentres and posterior; loaded only when a map is shown. */

import * as maplibregl from "maplibre-gl";
import "maplibre-gl/dist/maplibre-gl.css";
import workerUrl from "maplibre-gl/dist/maplibre-gl-worker.mjs?url";

import { readCoarse, readFine, type BaseMap } from "./atlas";
import type { MapContent } from "./content";
import { eventColour, mapStyle, triangle, type EventColour } from "./mapLayers";
import { segmentText } from "./segments";
import { currentPalette, darkMedia, type StationState } from "./palette";

maplibregl.setWorkerUrl(workerUrl);

const FINE_FROM_ZOOM = 4;
const MOST_LABELS = 40;
const STATES: StationState[] = ["current", "late", "silent", "stored", "none"];

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
  private readonly media = darkMedia();

  constructor(
    private readonly container: HTMLElement,
    onSelect: (eventId: string) => void,
  ) {
    this.map = new maplibregl.Map({
      container,
      style: mapStyle(currentPalette(), this.by),
      center: [0, 20],
      zoom: 0.5,
      maxZoom: 15,
      attributionControl: false,
      dragRotate: false,
      pitchWithRotate: false,
    });
    this.map.touchZoomRotate.disableRotation();
    this.map.addControl(new maplibregl.NavigationControl({ showCompass: false }), "top-right");
    this.map.addControl(new maplibregl.ScaleControl({ unit: "metric" }), "bottom-left");
    this.map.on("click", "events", (event) => {
      const id: unknown = event.features?.[0]?.properties["event_id"];
      if (typeof id === "string") onSelect(id);
    });
    this.map.on("click", "segments", (event) => this.tellSegment(event));
    this.map.on("mouseenter", "events", () => (this.map.getCanvas().style.cursor = "pointer"));
    this.map.on("mouseleave", "events", () => (this.map.getCanvas().style.cursor = ""));
    this.map.on("zoomend", () => void this.refine());
    this.map.on("idle", () => (this.container.dataset["idle"] = "true"));
    this.ready = new Promise((resolve) => this.map.once("style.load", () => resolve()));
    this.media.addEventListener("change", this.restyle);
    void this.start();
  }

  /** Draw this content in place of what was there. */
  async show(content: MapContent): Promise<void> {
    this.content = content;
    await this.ready;
    if (this.isRemoved || this.content !== content) return; // newer content came meanwhile
    const names = ["stations", "events", "regions", "samples", "segments", "faults", "forecast", "shaking"] as const;
    for (const name of names) this.fill(name, content[name]);
    this.label(content.stations);
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
    this.media.removeEventListener("change", this.restyle);
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
    this.map.once("style.load", () => {
      this.dress();
      if (this.content !== null) void this.show(this.content);
    });
    this.map.setStyle(mapStyle(currentPalette(), this.by), { diff: false });
  };

  /** Give a new style its base map and its images. */
  private dress(): void {
    const palette = currentPalette();
    for (const state of STATES) {
      const name = `station-${state}`;
      if (!this.map.hasImage(name)) {
        const image = triangle(palette.stations[state], palette.halo);
        this.map.addImage(name, image, { pixelRatio: 2 });
      }
    }
    this.fillBase();
  }

  private fillBase(): void {
    if (this.base === null) return;
    this.fill("land", this.base.land);
    this.fill("borders", this.base.borders);
  }

  private fill(name: string, data: GeoJSON.GeoJSON): void {
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
