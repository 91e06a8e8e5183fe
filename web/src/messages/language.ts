/** Which language the page speaks: from its address, the reader's choice, or the browser. */

export const LANGUAGES = ["en", "es", "de"] as const;
export type Language = (typeof LANGUAGES)[number];

/** Each language by its own name, so that its readers find it. */
export const NAMES: Record<Language, string> = { en: "English", es: "Español", de: "Deutsch" };

const KEY = "mainshock-language";
const PARAMETER = "lang";

/** The first wish that the page can meet; `es-CL` asks for Spanish. English where none can be. */
export function firstKnown(wishes: readonly (string | null | undefined)[]): Language {
  for (const wish of wishes) {
    const found = LANGUAGES.find((one) => one === wish?.toLowerCase().split("-")[0]);
    if (found !== undefined) return found;
  }
  return "en";
}

/** The language of this page, chosen once when it loads. */
export function currentLanguage(): Language {
  if (typeof window === "undefined") return "en";
  const asked = new URL(window.location.href).searchParams.get(PARAMETER);
  return firstKnown([asked, stored(), ...navigator.languages]);
}

/** Keep a choice and load the page anew in it. */
export function chooseLanguage(language: Language): void {
  try {
    localStorage.setItem(KEY, language);
  } catch {
    // a browser that stores nothing is told in the address instead
  }
  const address = new URL(window.location.href);
  if (stored() === language) address.searchParams.delete(PARAMETER);
  else address.searchParams.set(PARAMETER, language);
  window.history.replaceState(null, "", address);
  window.location.reload();
}

function stored(): string | null {
  try {
    return localStorage.getItem(KEY);
  } catch {
    return null;
  }
}
