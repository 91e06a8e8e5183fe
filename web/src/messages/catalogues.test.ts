import { describe, expect, it } from "vitest";

import { CATALOGUES } from ".";
import { firstKnown, LANGUAGES, NAMES } from "./language";

/** Words that a language shares with English, and names and abbreviations that none translates. */
const SHARED: Record<string, readonly string[]> = {
  es: ["mainshock", "QuakeML", "JSON", "PGA", "PGV", "vertical"],
  de: [
    "mainshock", "QuakeML", "JSON", "PGA", "PGV", "vertical",
    "Live", "Magnitude", "Phase", "Station", "Status", "Version",
  ],
};
/** What stays once numbers, units and signs are taken away. */
const UNITS = /\b(min|km|s|M|SHA|PSA)\b/g;

type Leaf = [path: string, value: unknown];

function leavesOf(value: unknown, path = ""): Leaf[] {
  if (typeof value !== "object" || value === null) return [[path, value]];
  return Object.entries(value).flatMap(([name, one]) => leavesOf(one, path ? `${path}.${name}` : name));
}

/** A text as it is read: of a function what it writes of harmless arguments. */
function read(value: unknown): string {
  if (typeof value !== "function") return String(value);
  const written: unknown = value(...Array.from({ length: value.length }, () => "2"));
  return String(written);
}

const hasWords = (text: string): boolean => /\p{L}/u.test(text.replace(UNITS, ""));
const others = LANGUAGES.filter((one) => one !== "en");
const english = new Map(leavesOf(CATALOGUES.en));

describe.each(others)("the catalogue in %s", (language) => {
  const leaves = new Map(leavesOf(CATALOGUES[language]));

  it("has the keys of the English one, and no others", () => {
    expect([...leaves.keys()].sort()).toEqual([...english.keys()].sort());
  });

  it("has functions of the same arity", () => {
    const arities = (all: Map<string, unknown>) =>
      Object.fromEntries([...all].map(([path, one]) => [path, typeof one === "function" ? one.length : null]));
    expect(arities(leaves)).toEqual(arities(english));
  });

  it("names every argument that the English text names", () => {
    for (const [path, value] of english) {
      if (typeof value !== "function" || path.startsWith("forecast.windows")) continue;
      const marks = Array.from({ length: value.length }, (_, index) => `(${index})`);
      const told = (one: unknown) =>
        marks.filter((mark) => String((one as (...given: string[]) => string)(...marks)).includes(mark));
      expect(told(leaves.get(path)), path).toEqual(told(value));
    }
  });

  it("leaves no text in English", () => {
    const same = [...english].filter(([path, value]) => {
      const told = read(value);
      return hasWords(told) && told === read(leaves.get(path)) && !SHARED[language]!.includes(told);
    });
    expect(same.map(([path]) => path)).toEqual([]);
  });

  it("leaves no text empty that is told in English", () => {
    const empty = [...leaves].filter(([path, one]) => read(one) === "" && read(english.get(path)) !== "");
    expect(empty).toEqual([]);
  });

  it("says which language it is", () => expect(CATALOGUES[language].language).toBe(language));
});

describe("the choice of a language", () => {
  it("takes the first wish that can be met", () => {
    expect(firstKnown([null, undefined, "fr-FR", "es-CL", "de"])).toBe("es");
    expect(firstKnown(["DE-at"])).toBe("de");
  });

  it("is English where no wish can be met", () => {
    expect(firstKnown(["fr", ""])).toBe("en");
    expect(firstKnown([])).toBe("en");
  });

  it("offers each language by its own name", () => {
    expect(Object.keys(NAMES)).toEqual([...LANGUAGES]);
    expect(new Set(Object.values(NAMES)).size).toBe(LANGUAGES.length);
  });
});
