/** Small round marks blended into an image, pixel by pixel: far faster than paths for thousands. */

type Colour = readonly [number, number, number];

export interface Mark {
  /** Device pixels, as the stroke, which lies around the radius. */
  radius: number;
  stroke: number;
  fill: Colour;
  edge: Colour;
  opacity: number;
}

/** A mark as pixels with their alpha multiplied in, `side` wide and high. */
export interface Sprite {
  side: number;
  pixels: Int32Array;
}

const cover = (radius: number, distance: number): number =>
  Math.min(1, Math.max(0, radius + 0.5 - distance));

export function spriteOf({ radius, stroke, fill, edge, opacity }: Mark): Sprite {
  const half = Math.ceil(radius + stroke);
  const side = 2 * half + 1;
  const pixels = new Int32Array(side * side);
  for (let at = 0; at < pixels.length; at += 1) {
    const distance = Math.hypot((at % side) - half, Math.floor(at / side) - half);
    const inner = cover(radius, distance);
    const rim = cover(radius + stroke, distance) - inner;
    const inside = inner * opacity;
    const mix = (one: 0 | 1 | 2): number => Math.round(fill[one] * inside + edge[one] * rim);
    const alpha = Math.round(255 * (inside + rim));
    pixels[at] = (alpha << 24) | (mix(2) << 16) | (mix(1) << 8) | mix(0);
  }
  return { side, pixels };
}

/** Alpha and colour of a sprite's pixel over another one; two channels at a time. */
function over(source: number, under: number): number {
  const keep = 256 - (source >>> 24);
  const even = (Math.imul(under & 0xff00ff, keep) >>> 8) & 0xff00ff;
  const odd = Math.imul((under >>> 8) & 0xff00ff, keep) & 0xff00ff00;
  return (source + even + odd) | 0;
}

/** For each alpha, what takes it out of a channel again, in 65536ths. */
const DIVIDED = Float64Array.from({ length: 256 }, (_, alpha) =>
  alpha === 0 ? 0 : Math.floor((255 * 65_536) / alpha),
);

export class Raster {
  private readonly pixels: Int32Array;

  constructor(
    readonly image: { width: number; height: number; data: Uint8ClampedArray },
  ) {
    this.pixels = new Int32Array(image.data.buffer);
  }

  clear(): void {
    this.pixels.fill(0);
  }

  /** Blend a sprite in with its middle at whole pixels; what lies outside is cut off. */
  blit({ side, pixels: sources }: Sprite, x: number, y: number): void {
    const { width, height } = this.image;
    const pixels = this.pixels;
    const [left, top] = [x - (side >> 1), y - (side >> 1)];
    const [firstX, lastX] = [Math.max(0, -left), Math.min(side, width - left)];
    const lastY = Math.min(side, height - top);
    for (let row = Math.max(0, -top); row < lastY; row += 1) {
      const from = row * side;
      const to = (top + row) * width + left;
      for (let column = firstX; column < lastX; column += 1) {
        const source = sources[from + column]!;
        if (source === 0) continue;
        const under = pixels[to + column]!;
        pixels[to + column] = under === 0 ? source : over(source, under);
      }
    }
  }

  /** Make it an image as a canvas takes it, with alpha apart from the colours. */
  finish(): void {
    const pixels = this.pixels;
    for (let at = 0; at < pixels.length; at += 1) {
      const pixel = pixels[at]!;
      const alpha = pixel >>> 24;
      if (alpha === 0 || alpha === 255) continue;
      const by = DIVIDED[alpha]!;
      const red = ((pixel & 255) * by) >> 16;
      const green = (((pixel >>> 8) & 255) * by) >> 16;
      const blue = (((pixel >>> 16) & 255) * by) >> 16;
      pixels[at] = (alpha << 24) | (Math.min(255, blue) << 16) | (Math.min(255, green) << 8) | Math.min(255, red);
    }
  }
}
