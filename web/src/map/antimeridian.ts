/**
 * Land across the 180th meridian as a flat map can draw it.
 *
 * The base map's rings lie on a sphere: they step from 180° to −180° where they cross, which a flat
 * map draws as a line around the whole Earth. Here they go on beyond 180°, and MapLibre puts what
 * lies there to the other side.
 */

type Ring = GeoJSON.Position[];

const SOUTH_POLE = -90;

/** Return a ring whose steps are the short ones; one around the South Pole is closed along it. */
function unrolled(ring: Ring): Ring {
  let turns = 0;
  const points = ring.map((point, index): GeoJSON.Position => {
    const step = index === 0 ? 0 : point[0]! - ring[index - 1]![0]!;
    if (step > 180) turns -= 1;
    if (step < -180) turns += 1;
    return [point[0]! + 360 * turns, point[1]!];
  });
  if (turns === 0) return points;
  const [first, last] = [points[0]!, points.at(-1)!];
  return [...points, [last[0]!, SOUTH_POLE], [first[0]!, SOUTH_POLE], first];
}

/** Return areas without a step around the Earth. */
export function flattened(areas: GeoJSON.GeoJSON): GeoJSON.GeoJSON {
  switch (areas.type) {
    case "FeatureCollection":
      return { ...areas, features: areas.features.map((one) => flattened(one) as GeoJSON.Feature) };
    case "Feature":
      return { ...areas, geometry: flattened(areas.geometry) as GeoJSON.Geometry };
    case "Polygon":
      return { ...areas, coordinates: areas.coordinates.map(unrolled) };
    case "MultiPolygon":
      return { ...areas, coordinates: areas.coordinates.map((polygon) => polygon.map(unrolled)) };
    default:
      return areas;
  }
}
