/** A catalogue as typed arrays; the layout stands in the service's `catalogue_columns`. */

export interface Columns {
  n: number;
  isSynthetic: boolean;
  /** Empty where the events have none. */
  ids: string[];
  /** Seconds since 1970, in order. */
  timeS: Float64Array;
  /** NaN where unknown, as the others. */
  magnitude: Float32Array;
  longitude: Float32Array;
  latitude: Float32Array;
  depthKm: Float32Array;
  /** 1 to 4 for A to D, 0 for none. */
  quality: Uint8Array;
}

interface Header {
  n: number;
  is_synthetic: boolean;
  ids: string[];
  columns: { name: string; type: string; offset: number }[];
}

const ALIGNMENT = 8;

export function decode(bytes: ArrayBuffer): Columns {
  const length = new DataView(bytes).getUint32(0, true);
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(bytes, 4, length))) as Header;
  const start = Math.ceil((4 + length) / ALIGNMENT) * ALIGNMENT;
  const at = (name: string): number => {
    const found = header.columns.find((one) => one.name === name);
    if (found === undefined) throw new Error(`no column ${name}`);
    return start + found.offset;
  };
  const floats = (name: string) => new Float32Array(bytes, at(name), header.n);
  return {
    n: header.n,
    isSynthetic: header.is_synthetic,
    ids: header.ids,
    timeS: new Float64Array(bytes, at("time_s"), header.n),
    magnitude: floats("magnitude"),
    longitude: floats("longitude"),
    latitude: floats("latitude"),
    depthKm: floats("depth_km"),
    quality: new Uint8Array(bytes, at("quality"), header.n),
  };
}

/** The lowest and highest of numbers, NaN passed over; null where there are none. */
export function extent(values: ArrayLike<number>): [number, number] | null {
  let [low, high] = [Infinity, -Infinity];
  for (let i = 0; i < values.length; i += 1) {
    const value = values[i]!;
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return low <= high ? [low, high] : null;
}
