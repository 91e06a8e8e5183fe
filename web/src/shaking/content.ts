/** What a map of shaking shows: lines with their colours, and the numbers beside them. */

import type { ShakingMap } from "../api/types";
import { efficiencyColour as mixed } from "../faults/content";
import { messages, textOf } from "../messages";

const text = messages.shaking;
export const FRAME_COLOUR = "#8794a0"; // seen on light and on dark ground
type Colours = readonly [string, string, string];

export interface Level {
  value: number;
  colour: string;
}

/** Name of a measure as a reader knows it. */
export function nameOfMeasure(measure: string): string {
  const period = /^ln_psa_(.+)s$/.exec(measure);
  if (period) return text.psa(period[1]!);
  const frequency = /^ln_fas_(.+)hz$/.exec(measure);
  if (frequency) return text.fas(frequency[1]!);
  return textOf(text.measures, measure) ?? measure;
}

export const unitOf = (measure: string): string =>
  measure === "ln_pgv" || measure.startsWith("ln_fas") ? "m/s" : "m/s²";

function contours(map: ShakingMap): GeoJSON.Feature[] {
  return (map.contours as unknown as GeoJSON.FeatureCollection).features;
}

/** The values of a measure's lines, the weakest first, each with its colour. */
export function levelsOf(map: ShakingMap, measure: string, colours: Colours): Level[] {
  const values = contours(map)
    .filter((one) => one.properties?.measure === measure)
    .map((one) => Number(one.properties?.value))
    .sort((a, b) => a - b);
  const last = Math.max(1, values.length - 1);
  return values.map((value, index) => ({ value, colour: mixed(index / last, colours) }));
}

/** Whether the model extrapolates in a part of the map, and so has an edge to draw. */
export const hasEdge = (map: ShakingMap): boolean =>
  contours(map).some((one) => one.properties?.kind === "extrapolation_edge");

/** The sides of the area that was computed: lines end there, the shaking does not. */
function frameOf({ site_longitude: x, site_latitude: y }: ShakingMap): GeoJSON.Feature {
  const [west, east, south, north] = [x[0]!, x.at(-1)!, y[0]!, y.at(-1)!];
  const around = [[west, south], [east, south], [east, north], [west, north], [west, south]];
  return {
    type: "Feature",
    properties: { kind: "contour", colour: FRAME_COLOUR },
    geometry: { type: "LineString", coordinates: around },
  };
}

/** Lines of one measure, the frame, the edge of extrapolation, and the source where it is asked for. */
export function linesOf(
  map: ShakingMap,
  measure: string,
  colours: Colours,
  hasSource: boolean,
): GeoJSON.FeatureCollection {
  const levels = levelsOf(map, measure, colours);
  const features = contours(map).flatMap((one): GeoJSON.Feature[] => {
    if (one.properties?.kind === "extrapolation_edge") return [one];
    if (one.properties?.measure !== measure) return [];
    const colour = levels.find((level) => level.value === one.properties?.value)?.colour;
    return [{ ...one, properties: { ...one.properties, colour } }];
  });
  const source: GeoJSON.Feature = {
    type: "Feature",
    properties: { kind: "source" },
    geometry: { type: "Point", coordinates: [map.longitude, map.latitude] },
  };
  return { type: "FeatureCollection", features: [frameOf(map), ...features, ...(hasSource ? [source] : [])] };
}

/** The strongest median of a measure, and the factor that two of three records stay within. */
export function summaryOf(
  map: ShakingMap,
  measure: string,
): { strongest: number; factor: number; epistemicFactor: number } {
  const at = map.measures.indexOf(measure);
  const mean = map.mean[at]!;
  const site = mean.reduce((best, value, index) => (value > mean[best]! ? index : best), 0);
  return {
    strongest: Math.exp(mean[site]!),
    factor: Math.exp(map.sd[at]![site]!),
    epistemicFactor: Math.exp(map.sd_epistemic[at]![site]!),
  };
}
