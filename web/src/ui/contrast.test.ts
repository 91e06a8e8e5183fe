/** Contrast of the colours of both themes, from the style sheet and the palettes themselves (WCAG 2.2). */

import { describe, expect, it } from "vitest";

import { DARK, LIGHT } from "../map/palette";
import styles from "../styles.css?raw";

type Scheme = "light" | "dark";
const SCHEMES: Scheme[] = ["light", "dark"];

/** The colours of one theme, by name. */
function coloursOf(scheme: Scheme): Map<string, string> {
  const pairs = [...styles.matchAll(/^ {2}--([\w-]+): light-dark\((#\w{6}), (#\w{6})\);/gm)];
  const fixed = [...styles.matchAll(/^ {2}--([\w-]+): (#\w{6});/gm)];
  return new Map([
    ...fixed.map((one) => [one[1]!, one[2]!] as const),
    ...pairs.map((one) => [one[1]!, scheme === "light" ? one[2]! : one[3]!] as const),
  ]);
}

/** Relative luminance of #rrggbb. */
function luminance(colour: string): number {
  const [r, g, b] = [1, 3, 5].map((at) => {
    const share = parseInt(colour.slice(at, at + 2), 16) / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r! + 0.7152 * g! + 0.0722 * b!;
}

function contrast(one: string, other: string): number {
  const [low, high] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (high! + 0.05) / (low! + 0.05);
}

const GROUNDS = ["ground", "panel", "tint-good", "tint-warn", "tint-bad", "tint-grey", "tint-row"];
const TEXT: [text: string, grounds: string[]][] = [
  ["ink", GROUNDS],
  ["muted", ["ground", "panel", "tint-grey", "tint-row"]],
  ["link", ["ground", "panel", "tint-row"]],
  ["p", ["panel", "tint-row"]],
  ["s", ["panel", "tint-row"]],
  ["good", ["panel", "tint-good"]],
  ["warn", ["panel", "tint-warn"]],
  ["bad", ["panel", "tint-bad"]],
  ["header-ink", ["accent"]],
  ["header-link", ["accent"]],
  ["mark-ink", ["mark"]],
];
const EDGES: [edge: string, grounds: string[]][] = [
  ["edge", ["panel"]],
  ["focus", ["panel", "ground"]],
  ["mark", ["accent"]],
];

describe.each(SCHEMES)("the %s theme", (scheme) => {
  const colours = coloursOf(scheme);
  const pairs = (all: typeof TEXT) => all.flatMap(([name, grounds]) => grounds.map((one) => [name, one]));

  it.each(pairs(TEXT))("text: %s on %s", (text, ground) => {
    expect(contrast(colours.get(text!)!, colours.get(ground!)!)).toBeGreaterThanOrEqual(4.5);
  });

  it.each(pairs(EDGES))("edges: %s on %s", (edge, ground) => {
    expect(contrast(colours.get(edge!)!, colours.get(ground!)!)).toBeGreaterThanOrEqual(3);
  });

  it("shows each mark of the map, or the edge around it, on land and water", () => {
    const palette = scheme === "light" ? LIGHT : DARK;
    const marks = [...palette.ages, ...palette.depths, ...Object.values(palette.stations)];
    for (const ground of [palette.land, palette.water]) {
      for (const mark of marks) {
        const best = Math.max(contrast(mark, ground), contrast(palette.edge, ground));
        expect(best, `${mark} on ${ground}`).toBeGreaterThanOrEqual(3);
      }
      expect(contrast(palette.region, ground)).toBeGreaterThanOrEqual(3);
    }
  });
});

describe("contrast", () => {
  it("is 21 between black and white", () => expect(contrast("#000000", "#ffffff")).toBeCloseTo(21));
});
