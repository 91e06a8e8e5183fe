import { expect, it } from "vitest";

import { NO_FILTERS, type Row } from "./catalogue";
import { coloursOf, EventCloud, mercatorX, mercatorY, N_COLOURS, radiusAt, rgb } from "./eventCloud";
import { frameOf, Pass, pick, placeOf, Sprites, type Frame } from "./eventPainter";
import { Raster, spriteOf } from "./eventRaster";
import { DARK, LIGHT } from "./palette";

const ALWAYS = { startMs: -Infinity, endMs: Infinity };
const row = (id: number, more: Partial<Row> = {}): Row => ({
  id: `e${id}`, version: 1, timeMs: 1000 * id, longitude: 0, latitude: 0, depthKm: 0,
  magnitude: 3, grade: 0, state: "settled", ...more,
});
const cloudOf = (rows: Row[]): EventCloud => {
  const cloud = new EventCloud();
  cloud.put(rows);
  cloud.colourBy("depth", 0);
  return cloud;
};
const blank = (width: number, height: number) => {
  const image = { width, height, data: new Uint8ClampedArray(4 * width * height) };
  return { image, raster: new Raster(image) };
};
const pixelAt = (image: { width: number; data: Uint8ClampedArray }, x: number, y: number): number[] => [
  ...image.data.slice(4 * (y * image.width + x), 4 * (y * image.width + x) + 4),
];
const frame = (more: Partial<Frame> = {}): Frame => ({ ...frameOf([0.5, 0.5], 1, [600, 400], 1), ...more });
const ids = (cloud: EventCloud, order: Uint32Array) => [...order].map((index) => cloud.rows[index]!.id);

it("draws large events first, and an event without a magnitude among the small ones", () => {
  const cloud = cloudOf([row(0), row(1, { magnitude: 8 }), row(2, { magnitude: null }), row(3, { magnitude: 8 })]);
  expect(ids(cloud, cloud.shown(NO_FILTERS, ALWAYS))).toEqual(["e1", "e3", "e0", "e2"]);
});

it("replaces an event that is known", () => {
  const cloud = cloudOf([row(0), row(1)]);
  cloud.put([row(0, { longitude: 90, state: "cancelled" })]);
  expect(cloud.rows).toHaveLength(2);
  expect([cloud.x[0], cloud.ghost[0]]).toEqual([0.75, 1]);
});

it("keeps columns while it grows", () => {
  const cloud = cloudOf(Array.from({ length: 3000 }, (_, id) => row(id, { longitude: id / 100 })));
  expect(cloud.x[2999]).toBeCloseTo(mercatorX(29.99), 12);
  expect(cloud.shown(NO_FILTERS, ALWAYS)).toHaveLength(3000);
});

it("has radii and colours as the legend names them", () => {
  const cloud = cloudOf([0, 3, 5, 7, 9, 99].map((magnitude, id) => row(id, { magnitude })));
  expect([...cloud.size.slice(0, 6)].map((size) => radiusAt(size, 7))).toEqual([5, 9, 16, 28, 44, 44]);
  expect(radiusAt(0, 0)).toBeCloseTo(0.35 * 5);
  const colours = coloursOf("depth", LIGHT);
  expect(colours).toHaveLength(N_COLOURS);
  const deep = cloudOf([0, 10, 30, 100, 300, 700].map((depthKm, id) => row(id, { depthKm })));
  const expected = [...LIGHT.depths, LIGHT.depths[4]].map(rgb);
  expect([...deep.colour.slice(0, 6)].map((one) => colours[one])).toEqual(expected);
});

it("colours by the age at the end of the range", () => {
  const cloud = cloudOf([row(0), row(86_400 - 4000), row(86_400 - 3000), row(86_400)]);
  cloud.colourBy("age", 86_400);
  expect([...cloud.colour.slice(0, 4)]).toEqual([3, 2, 1, 0]);
});

it("blends a mark over another as its opacity says", () => {
  const { image, raster } = blank(9, 9);
  const mark = { radius: 3, stroke: 0, edge: [0, 0, 0] as const, opacity: 0.8 };
  raster.blit(spriteOf({ ...mark, fill: [255, 0, 0] }), 4, 4);
  raster.blit(spriteOf({ ...mark, fill: [0, 0, 255] }), 4, 4);
  raster.finish();
  const [red, green, blue, alpha] = pixelAt(image, 4, 4);
  expect(Math.abs(alpha! - 255 * 0.96)).toBeLessThan(3);
  expect(Math.abs(blue! - 255 * (0.8 / 0.96))).toBeLessThan(4);
  expect(Math.abs(red! - 255 * (0.16 / 0.96))).toBeLessThan(4);
  expect(green).toBe(0);
  expect(pixelAt(image, 0, 0)).toEqual([0, 0, 0, 0]);
});

it("never wraps a channel round, whatever lies over whatever", () => {
  for (const opacity of [0.2, 0.5, 0.8, 0.996, 1]) {
    const { image, raster } = blank(3, 3);
    const white = spriteOf({ radius: 2, stroke: 0, fill: [255, 255, 255], edge: [0, 0, 0], opacity });
    for (let time = 0; time < 600; time += 1) raster.blit(white, 1, 1);
    raster.finish();
    const [red, green, blue, alpha] = pixelAt(image, 1, 1);
    expect(Math.min(red!, green!, blue!), String(opacity)).toBeGreaterThan(200);
    expect(alpha).toBeGreaterThan(120);
  }
});

it("cuts off what lies outside the image", () => {
  const { image, raster } = blank(4, 4);
  const sprite = spriteOf({ radius: 2, stroke: 1, fill: [9, 9, 9], edge: [0, 0, 0], opacity: 1 });
  for (const [x, y] of [[-1, -1], [4, 4], [-9, 2], [2, 40]] as const) raster.blit(sprite, x, y);
  raster.finish();
  expect(pixelAt(image, 3, 0)).toEqual([0, 0, 0, 0]);
  expect(pixelAt(image, 0, 0)[3]).toBeGreaterThan(0);
});

it("puts events where mercator has them, in device pixels", () => {
  const cloud = cloudOf([row(0, { longitude: 180, latitude: mostNorth() }), row(1)]);
  const doubled = frameOf([0.5, 0.5], 1, [600, 400], 2);
  expect(placeOf(cloud, 1, doubled)).toEqual([600, 400]);
  const [x, y] = placeOf(cloud, 0, frame());
  expect(Math.abs(x - 300)).toBeCloseTo(512);
  expect(y).toBeCloseTo(200 - 512);
});

const mostNorth = (): number => 85.051129;

it("draws each event in each copy of the world that is seen", () => {
  const cloud = cloudOf([row(0)]);
  const order = cloud.shown(NO_FILTERS, ALWAYS);
  const wide = frameOf([0.5, 0.5], 0, [1200, 400], 1);
  const { image, raster } = blank(1200, 400);
  const pass = new Pass(cloud, order, wide, 0);
  expect(pass.paint(raster, dressed(wide), Infinity)).toBe(true);
  raster.finish();
  expect(pass.nDrawn).toBe(3);
  for (const x of [88, 600, 1112]) expect(pixelAt(image, x, 200)[3]).toBeGreaterThan(150);
});

function dressed(shown: Frame): Sprites {
  const sprites = new Sprites(DARK);
  sprites.fit(shown);
  return sprites;
}

it("thins a crowd to the largest of each cell, and draws a part at a time", () => {
  const crowd = Array.from({ length: 5000 }, (_, id) => row(id, { magnitude: id === 4321 ? 6 : 2 }));
  const cloud = cloudOf([...crowd, row(5000, { longitude: 40 })]);
  const order = cloud.shown(NO_FILTERS, ALWAYS);
  const { raster } = blank(600, 400);
  const pass = new Pass(cloud, order, frame(), 3);
  let goes = 1;
  while (!pass.paint(raster, dressed(frame()), 0)) goes += 1;
  expect(goes).toBeGreaterThan(2);
  expect(pass.nDrawn).toBe(2);
  expect(cloud.rows[pick(cloud, order.slice(0, 1), frame(), [300, 200])!]!.id).toBe("e4321");
});

it("finds the uppermost event under the pointer, also in another copy of the world", () => {
  const cloud = cloudOf([row(0, { magnitude: 9 }), row(1, { magnitude: 1, longitude: 1 }), row(2, { longitude: 179 })]);
  const order = cloud.shown(NO_FILTERS, ALWAYS);
  const idAt = (x: number, y: number, shown = frame()) => {
    const found = pick(cloud, order, shown, [x, y]);
    return found === null ? null : cloud.rows[found]!.id;
  };
  expect(idAt(302, 200)).toBe("e1");
  expect(idAt(292, 200)).toBe("e0");
  expect(idAt(300, 300)).toBeNull();
  const west = frameOf([0, mercatorY(0)], 1, [600, 400], 1); // around 180°
  expect(idAt(297, 200, west)).toBe("e2");
});
