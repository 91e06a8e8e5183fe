/** Light or dark: as the reader's system, or as the reader chose; kept in the browser. */

export const THEMES = ["auto", "light", "dark"] as const;
export type Theme = (typeof THEMES)[number];

const KEY = "mainshock-theme";
const media =
  typeof window === "undefined" ? null : window.matchMedia("(prefers-color-scheme: dark)");
const listeners = new Set<() => void>();
let chosen: Theme = stored();
let wasDark = isDark();

function stored(): Theme {
  try {
    const kept = localStorage.getItem(KEY);
    return THEMES.find((one) => one === kept) ?? "auto";
  } catch {
    return "auto";
  }
}

export const currentTheme = (): Theme => chosen;

/** Whether the page is dark now, whoever wants it so. */
export function isDark(): boolean {
  return chosen === "auto" ? (media?.matches ?? false) : chosen === "dark";
}

/** Call a reader whenever the choice or the page's darkness changes; returns how to end it. */
export function listenToTheme(changed: () => void): () => void {
  listeners.add(changed);
  return () => listeners.delete(changed);
}

export function chooseTheme(theme: Theme): void {
  chosen = theme;
  try {
    localStorage.setItem(KEY, theme);
  } catch {
    // it holds until the page is closed
  }
  applyTheme();
  listeners.forEach((one) => one());
}

/** The theme after this one, for a key that steps through them. */
export const nextTheme = (): Theme => THEMES[(THEMES.indexOf(chosen) + 1) % THEMES.length]!;

/** Tell the style sheet, which follows the system where nothing is set. */
export function applyTheme(): void {
  const root = document.documentElement;
  if (chosen === "auto") delete root.dataset["theme"];
  else root.dataset["theme"] = chosen;
  wasDark = isDark();
}

media?.addEventListener("change", () => {
  if (isDark() === wasDark) return;
  wasDark = isDark();
  listeners.forEach((one) => one());
});
