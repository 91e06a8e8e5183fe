/** What the picture of a segment's reasons shows: the largest bars, and what is left over. */

import type { SegmentExplanation, SegmentExplanationAnswer } from "../api/types";

export interface Bar {
  /** A feature's name, or what is left over. */
  name: string;
  kind: "feature" | "others" | "bias";
  value: number;
  /** The least and the largest of the networks; null where not known. */
  spread: [number, number] | null;
}

const SHOWN = 8;

/** The largest features, then the sum of the others and what no feature gets: together the score. */
export function barsOf(told: SegmentExplanation, shown = SHOWN): Bar[] {
  const bars: Bar[] = told.features.slice(0, shown).map((one) => ({
    name: one.name,
    kind: "feature",
    value: one.relevance,
    spread: [one.low, one.high],
  }));
  const rest = told.features.slice(shown);
  if (rest.length > 0) {
    const value = rest.reduce((sum, one) => sum + one.relevance, 0);
    bars.push({ name: String(rest.length), kind: "others", value, spread: null });
  }
  return [...bars, { name: "", kind: "bias", value: told.bias, spread: null }];
}

/** From the least to the largest of bars and spreads, with zero inside. */
export function reachOf(bars: Bar[]): [number, number] {
  const ends = bars.flatMap((one) => [one.value, ...(one.spread ?? [])]);
  return [Math.min(0, ...ends), Math.max(0, ...ends)];
}

/** The unit that a description begins with; none where it has none. */
export const unitOf = (description: string): string => /^(\S+);/.exec(description)?.[1] ?? "";

/** Whether most networks lean to the other side than the assessed probability. */
export const isContrary = (told: SegmentExplanation): boolean =>
  told.n_for * 2 !== told.n_networks &&
  told.n_for * 2 > told.n_networks !== told.probability >= 0.5;

/** Macro-F1 of the networks, and of the best that knows only the place. */
export function scoresOf(meta: SegmentExplanationAnswer["meta"]): [number, number] {
  const of = (name: string) => meta.macro_f1[name]?.["mean"] ?? 0;
  const others = Object.keys(meta.macro_f1).filter((name) => name !== meta.model);
  return [of(meta.model), Math.max(...others.map(of))];
}
