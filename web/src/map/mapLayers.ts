/** Sources and layers of the map: what is drawn how, without any data yet. */

import type { ExpressionSpecification, LayerSpecification, StyleSpecification } from "maplibre-gl";

import { AGE_LIMITS_S, DEPTH_STOPS_KM, type Palette } from "./palette";

const EMPTY: GeoJSON.FeatureCollection = { type: "FeatureCollection", features: [] };
const source = (data: GeoJSON.GeoJSON = EMPTY) => ({ type: "geojson" as const, data });

export type EventColour = "age" | "depth";

/** Circle radius in pixels by magnitude; events without one are small. */
const RADIUS: ExpressionSpecification = [
  "case",
  ["==", ["get", "magnitude"], null], // also where there is none at all
  7,
  ["interpolate", ["linear"], ["get", "magnitude"], 0, 5, 3, 9, 5, 16, 7, 28, 9, 44],
];

export function eventColour(by: EventColour, palette: Palette): ExpressionSpecification {
  if (by === "age") {
    const [first, second, third] = AGE_LIMITS_S;
    const [newest, recent, today, older] = palette.ages;
    return ["step", ["get", "age_s"], newest, first, recent, second, today, third, older];
  }
  const stops = DEPTH_STOPS_KM.flatMap((depth, index) => [depth, palette.depths[index]!]);
  return ["interpolate", ["linear"], ["get", "depth_km"], ...stops] as ExpressionSpecification;
}

/** Colour of a segment by the probability of M 8.0. */
export function segmentColour(palette: Palette): ExpressionSpecification {
  const [low, middle, high] = palette.segments;
  return ["interpolate", ["linear"], ["get", "probability"], 0, low, 0.5, middle, 1, high];
}

/** Colour of a piece of a fault by its kinematic efficiency. */
export function efficiencyColour(palette: Palette): ExpressionSpecification {
  const [low, middle, high] = palette.efficiency;
  return ["interpolate", ["linear"], ["get", "ke"], 0, low, 0.5, middle, 1, high];
}

/** A segment unlike what the model learned from is hardly seen. */
const SEGMENT_OPACITY: ExpressionSpecification = [
  "interpolate",
  ["linear"],
  ["get", "applicability"],
  0,
  0.2,
  1,
  1,
];

/** Wavefronts, below the stations. */
function waveLayers(palette: Palette): LayerSpecification[] {
  return [
    {
      id: "waves-p",
      type: "line",
      source: "waves",
      filter: ["==", ["get", "phase"], "P"],
      paint: { "line-color": palette.p, "line-width": 2.2 },
    },
    {
      id: "waves-s",
      type: "line",
      source: "waves",
      filter: ["==", ["get", "phase"], "S"],
      paint: { "line-color": palette.s, "line-width": 3.2, "line-dasharray": [2.4, 1.2] },
    },
  ];
}

export function mapStyle(palette: Palette, by: EventColour): StyleSpecification {
  return {
    version: 8,
    sources: {
      land: source(),
      borders: source(),
      segments: source(),
      faults: source(),
      forecast: source(),
      shaking: source(),
      regions: source(),
      samples: source(),
      events: source(),
      waves: source(),
      stations: source(),
    },
    layers: [
      { id: "water", type: "background", paint: { "background-color": palette.water } },
      { id: "land", type: "fill", source: "land", paint: { "fill-color": palette.land } },
      {
        id: "forecast",
        type: "fill",
        source: "forecast",
        filter: ["==", ["get", "kind"], "cell"],
        paint: { "fill-color": ["get", "colour"], "fill-opacity": 0.72, "fill-antialias": false },
      },
      {
        id: "forecast-outline",
        type: "line",
        source: "forecast",
        filter: ["==", ["get", "kind"], "outline"],
        paint: { "line-color": palette.ink, "line-width": 1.4 },
      },
      {
        id: "shaking-cells",
        type: "fill",
        source: "shaking",
        filter: ["==", ["get", "kind"], "cell"],
        paint: {
          "fill-color": ["get", "colour"],
          "fill-opacity": ["get", "opacity"],
          "fill-antialias": false,
        },
      },
      {
        id: "borders",
        type: "line",
        source: "borders",
        paint: { "line-color": palette.border, "line-width": 1 },
      },
      {
        id: "segments",
        type: "line",
        source: "segments",
        paint: {
          "line-color": segmentColour(palette),
          "line-opacity": SEGMENT_OPACITY,
          "line-width": ["interpolate", ["linear"], ["zoom"], 0, 4, 4, 8, 8, 16],
        },
      },
      {
        // hollow: more than one class is not ruled out
        id: "segments-open",
        type: "line",
        source: "segments",
        filter: ["==", ["get", "is_open"], true],
        paint: {
          "line-color": palette.water,
          "line-width": ["interpolate", ["linear"], ["zoom"], 0, 1.4, 4, 3, 8, 6],
        },
      },
      {
        id: "faults",
        type: "line",
        source: "faults",
        filter: ["has", "ke"],
        layout: { "line-cap": "round" },
        paint: { "line-color": efficiencyColour(palette), "line-width": 7, "line-opacity": 0.85 },
      },
      {
        id: "fault-traces",
        type: "line",
        source: "faults",
        filter: ["!", ["has", "ke"]],
        paint: { "line-color": palette.ink, "line-width": 1.2 },
      },
      {
        id: "shaking",
        type: "line",
        source: "shaking",
        filter: ["==", ["get", "kind"], "contour"],
        paint: { "line-color": ["get", "colour"], "line-width": 2.4 },
      },
      {
        id: "shaking-edge",
        type: "line",
        source: "shaking",
        filter: ["==", ["get", "kind"], "extrapolation_edge"],
        paint: { "line-color": palette.ink, "line-width": 1.2, "line-dasharray": [3, 3] },
      },
      {
        id: "shaking-source",
        type: "circle",
        source: "shaking",
        filter: ["==", ["get", "kind"], "source"],
        paint: {
          "circle-radius": 6,
          "circle-color": palette.ink,
          "circle-stroke-color": palette.halo,
          "circle-stroke-width": 1.5,
        },
      },
      {
        id: "samples",
        type: "circle",
        source: "samples",
        paint: { "circle-radius": 1.6, "circle-color": palette.sample, "circle-opacity": 0.35 },
      },
      {
        id: "region-areas",
        type: "fill",
        source: "regions",
        paint: { "fill-color": palette.region, "fill-opacity": 0.08 },
      },
      {
        id: "regions",
        type: "line",
        source: "regions",
        paint: {
          "line-color": palette.region,
          "line-width": ["match", ["to-string", ["get", "level"]], "0.5", 2.6, "0.68", 1.8, 1.1],
        },
      },
      {
        id: "events",
        type: "circle",
        source: "events",
        layout: { "circle-sort-key": ["*", -1, RADIUS] },
        paint: {
          "circle-radius": RADIUS,
          "circle-color": eventColour(by, palette),
          "circle-opacity": ["case", ["get", "is_cancelled"], 0.15, 0.75],
          "circle-stroke-color": ["case", ["get", "is_selected"], palette.ink, palette.edge],
          "circle-stroke-width": ["case", ["get", "is_selected"], 2.5, 1],
        },
      },
      ...waveLayers(palette),
      {
        id: "stations",
        type: "symbol",
        source: "stations",
        layout: {
          "icon-image": ["concat", "station-", ["get", "state"]],
          "icon-allow-overlap": true,
          "icon-ignore-placement": true,
        },
      },
    ],
  };
}

/** Draw a triangle, the sign of a seismic station. */
export function triangle(colour: string, halo: string): ImageData {
  const size = 32; // shown at half of it
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = size;
  const context = canvas.getContext("2d")!;
  context.beginPath();
  context.moveTo(size / 2, 4);
  context.lineTo(size - 3, size - 6);
  context.lineTo(3, size - 6);
  context.closePath();
  context.fillStyle = colour;
  context.strokeStyle = halo;
  context.lineWidth = 2.5;
  context.lineJoin = "round";
  context.fill();
  context.stroke();
  return context.getImageData(0, 0, size, size);
}
