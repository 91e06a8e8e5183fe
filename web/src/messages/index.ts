/** Every text of the page, in the language of its reader. */

import { de } from "./de";
import { en } from "./en";
import { es } from "./es";
import { currentLanguage, type Language } from "./language";
import type { Messages } from "./types";

export type { Messages } from "./types";

export const CATALOGUES: Record<Language, Messages> = { en, es, de };

export const messages: Messages = CATALOGUES[currentLanguage()];

/** The text of a name that the service gives; undefined where the page does not know it. */
export function textOf(texts: Readonly<Record<string, string>>, name: string): string | undefined {
  return Object.hasOwn(texts, name) ? texts[name] : undefined;
}
