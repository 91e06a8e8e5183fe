import { feature } from "topojson-client";
import type { GeometryCollection, Topology } from "topojson-specification";
import { describe, expect, it } from "vitest";
import coarse from "world-atlas/countries-110m.json?raw";
import fine from "world-atlas/countries-10m.json?raw";

import { flattened } from "./antimeridian";

type Atlas = Topology<{ land: GeometryCollection }>;

function ringsOf(text: string): GeoJSON.Position[][] {
  const atlas = JSON.parse(text) as Atlas;
  const land = flattened(feature(atlas, atlas.objects.land)) as GeoJSON.FeatureCollection<GeoJSON.MultiPolygon>;
  return land.features.flatMap((one) => one.geometry.coordinates.flat());
}

/** The longest step of a ring in longitude, degrees; the way along the pole is left out. */
function longestStep(ring: GeoJSON.Position[]): number {
  let longest = 0;
  for (let at = 1; at < ring.length; at += 1) {
    const isAlongThePole = ring[at]![1] === -90 && ring[at - 1]![1] === -90;
    if (!isAlongThePole) longest = Math.max(longest, Math.abs(ring[at]![0]! - ring[at - 1]![0]!));
  }
  return longest;
}

const widthOf = (ring: GeoJSON.Position[]): number => {
  const longitudes = ring.map((point) => point[0]!);
  return Math.max(...longitudes) - Math.min(...longitudes);
};

describe("land across the 180th meridian", () => {
  it.each([["coarse", coarse], ["fine", fine]])("has no line around the Earth in the %s map", (_, text) => {
    const rings = ringsOf(text);
    expect(rings.length).toBeGreaterThan(100);
    expect(Math.max(...rings.map(longestStep))).toBeLessThan(180);
    expect(rings.every((ring) => ring.at(-1)![0] === ring[0]![0] && ring.at(-1)![1] === ring[0]![1])).toBe(true);
  });

  it("keeps the islands of Fiji small", () => {
    const fiji = ringsOf(coarse).filter((ring) =>
      ring.every(([x, y]) => Math.abs(Math.abs(x!) - 180) < 4 && y! < -15 && y! > -20),
    );
    expect(fiji.length).toBeGreaterThan(0);
    for (const ring of fiji) expect(widthOf(ring)).toBeLessThan(2);
  });

  it("closes Antarctica along the pole", () => {
    const around = ringsOf(coarse).filter((ring) => ring.some((point) => point[1] === -90));
    expect(around).toHaveLength(1);
    expect(widthOf(around[0]!)).toBeCloseTo(360);
    expect(around[0]!.at(-1)).toEqual(around[0]![0]);
  });

  it("leaves points and lines as they are", () => {
    const line: GeoJSON.LineString = { type: "LineString", coordinates: [[179, 0], [-179, 0]] };
    expect(flattened(line)).toBe(line);
  });
});
