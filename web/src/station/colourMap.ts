/** Viridis: from dark blue over green to yellow, of even steps to the eye and to colour-blind readers. */

const ANCHORS: readonly [number, number, number][] = [
  [68, 1, 84],
  [71, 44, 122],
  [59, 81, 139],
  [44, 113, 142],
  [33, 144, 141],
  [39, 173, 129],
  [92, 200, 99],
  [170, 220, 50],
  [253, 231, 37],
];

/** Colour of a share from 0 to 1, as red, green and blue of 0 to 255; beyond, that of the end. */
export function colourOf(share: number): [number, number, number] {
  const place = Math.min(1, Math.max(0, share)) * (ANCHORS.length - 1);
  const below = Math.min(ANCHORS.length - 2, Math.floor(place));
  const part = place - below;
  const [low, high] = [ANCHORS[below]!, ANCHORS[below + 1]!];
  const mixed = (at: 0 | 1 | 2) => Math.round(low[at] + part * (high[at] - low[at]));
  return [mixed(0), mixed(1), mixed(2)];
}

/** Colours of the bytes of a spectrogram, 4 values each; byte 0, of which nothing is known, is clear. */
export function byteColours(lowDb: number, stepDb: number, shown: readonly number[]): Uint8ClampedArray {
  const [low = 0, high = 1] = shown;
  const colours = new Uint8ClampedArray(4 * 256);
  for (let byte = 1; byte < 256; byte += 1) {
    const share = (lowDb + stepDb * (byte - 1) - low) / (high - low);
    colours.set([...colourOf(share), 255], 4 * byte);
  }
  return colours;
}
