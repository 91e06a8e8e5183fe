/** A map of shaking as coloured cells: the median, the spread, or how likely a value is exceeded. */

import type { ShakingMap } from "../api/types";
import { efficiencyColour as mixed } from "../faults/content";

type Colours = readonly [string, string, string];
export const SHAKING_KINDS = ["median", "spread", "exceedance"] as const;
export type ShakingKind = (typeof SHAKING_KINDS)[number];

export interface ShakingCells {
  cells: GeoJSON.FeatureCollection;
  /** What the ends of the colours stand for. */
  low: number;
  high: number;
}

/** Share of a normal distribution below `x` standard deviations (Abramowitz and Stegun 26.2.17). */
export function normalShare(x: number): number {
  const t = 1 / (1 + 0.2316419 * Math.abs(x));
  const tail =
    Math.exp((-x * x) / 2) * 0.3989422804014327 *
    t * (0.31938153 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))));
  return x > 0 ? 1 - tail : tail;
}

/** Values of the sites: of the median in its unit, of the spread as a factor, else a probability. */
export function valuesOf(
  map: ShakingMap,
  measure: string,
  kind: ShakingKind,
  threshold: number,
): number[] {
  const at = map.measures.indexOf(measure);
  const [mean, sd] = [map.mean[at] ?? [], map.sd[at] ?? []];
  if (kind === "median") return mean.map(Math.exp);
  if (kind === "spread") return sd.map(Math.exp);
  const limit = Math.log(Math.max(threshold, 1e-12));
  return mean.map((value, index) => normalShare((value - limit) / Math.max(sd[index]!, 1e-9)));
}

export function shakingCells(
  map: ShakingMap,
  measure: string,
  kind: ShakingKind,
  threshold: number,
  colours: Colours,
): ShakingCells {
  const values = valuesOf(map, measure, kind, threshold);
  const [low, high] = kind === "exceedance" ? [0, 1] : limitsOf(values);
  const share = (value: number): number =>
    high <= low ? 0 : kind === "median" ? Math.log(value / low) / Math.log(high / low) : (value - low) / (high - low);
  const { site_longitude: xs, site_latitude: ys } = map;
  const [across, up] = [stepOf(xs) / 2, stepOf(ys) / 2];
  const features = values.flatMap((value, index): GeoJSON.Feature[] => {
    if (!Number.isFinite(value)) return [];
    const [x, y] = [xs[index % xs.length]!, ys[Math.floor(index / xs.length)]!];
    const opacity = map.is_extrapolated[index] ? 0.3 : 0.7;
    return [
      {
        type: "Feature",
        properties: { kind: "cell", colour: mixed(share(value), colours), opacity },
        geometry: {
          type: "Polygon",
          coordinates: [
            [
              [x - across, y - up], [x + across, y - up], [x + across, y + up], [x - across, y + up],
              [x - across, y - up],
            ],
          ],
        },
      },
    ];
  });
  return { cells: { type: "FeatureCollection", features }, low, high };
}

function limitsOf(values: number[]): [number, number] {
  const known = values.filter(Number.isFinite);
  return known.length === 0
    ? [0, 0]
    : [known.reduce((a, b) => Math.min(a, b)), known.reduce((a, b) => Math.max(a, b))];
}

const stepOf = (axis: number[]): number => (axis.length > 1 ? axis[1]! - axis[0]! : 0.01);
