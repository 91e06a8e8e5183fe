/** The base map: Natural Earth from the page's own files, coarse at first, fine where it is needed. */

import coarseUrl from "world-atlas/countries-110m.json?url";
import fineUrl from "world-atlas/countries-10m.json?url";
import { feature, mesh } from "topojson-client";
import type { GeometryCollection, Topology } from "topojson-specification";

import { flattened } from "./antimeridian";

export interface BaseMap {
  land: GeoJSON.GeoJSON;
  borders: GeoJSON.GeoJSON;
}

type Atlas = Topology<{ countries: GeometryCollection; land: GeometryCollection }>;

async function read(url: string): Promise<BaseMap> {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`base map: ${response.status} ${response.statusText}`);
  const atlas = (await response.json()) as Atlas;
  return {
    land: flattened(feature(atlas, atlas.objects.land)),
    borders: mesh(atlas, atlas.objects.countries, (one, other) => one !== other),
  };
}

let fine: Promise<BaseMap> | undefined;

export const readCoarse = (): Promise<BaseMap> => read(coarseUrl);

/** Read once for all maps of the page. */
export function readFine(): Promise<BaseMap> {
  fine ??= read(fineUrl).catch((error: unknown) => {
    fine = undefined; // another zoom tries again
    throw error;
  });
  return fine;
}
