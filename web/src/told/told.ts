/** Sentences of the service in the reader's language; what stays English is known as such. */

import type { components } from "../api/schema";
import { messages, textOf } from "../messages";

export type Told = components["schemas"]["Told"];

/** A part of a text; `lang` where it is not in the language of the page. */
export interface Part {
  text: string;
  lang?: "en";
}

const PLACE = /\{(\w+)\}/;
/** Words, unlike numbers and names: letters on both sides of a space. */
const WORDS = /\p{L}{2,}\S* +\S*\p{L}{2,}/u;
const MOST_KEPT = 500;

/** Texts with foreign parts, so that whoever shows one can mark these. */
const mixed = new Map<string, Part[]>();

/** A sentence in parts: translated where the page knows its code, else as the service told it. */
export function partsOf(told: Told): Part[] {
  const known = told.code == null ? undefined : textOf(messages.service.sentences, told.code);
  if (messages.language === "en") return [{ text: told.text }];
  if (known === undefined) return [{ text: told.text, lang: "en" }];
  const values: Record<string, string> = told.values ?? {};
  // every other one is the name of a value
  return known.split(PLACE).map((text, index): Part => {
    if (index % 2 === 0) return { text };
    const value = values[text] ?? "";
    return WORDS.test(value) ? { text: value, lang: "en" } : { text: value };
  });
}

/** Sentences as one text; `shownParts` finds its foreign parts again. */
export function say(all: readonly Told[], between = "; "): string {
  return joined(all.flatMap((one, index) => [...(index > 0 ? [{ text: between }] : []), ...partsOf(one)]));
}

/** What the service says of an error: in general words first where the page does not know the sentence. */
export function sayError(code: string, message: string, told: readonly Told[]): string {
  const isKnown = told.length > 0 && told.every((one) => one.code != null);
  if (isKnown) return say(told);
  if (messages.language === "en") return message;
  const { general } = messages.service;
  return joined([{ text: `${textOf(general, code) ?? general.http_error} ` }, { text: message, lang: "en" }]);
}

/** The parts of a text that `say` made; any other text is one part. */
export const shownParts = (text: string): Part[] => mixed.get(text) ?? [{ text }];

function joined(parts: Part[]): string {
  const text = parts.map((one) => one.text).join("");
  if (parts.some((one) => one.lang !== undefined)) {
    const oldest = mixed.size >= MOST_KEPT ? mixed.keys().next().value : undefined;
    if (oldest !== undefined) mixed.delete(oldest);
    mixed.set(text, parts);
  }
  return text;
}
