/** Keys that do something wherever the focus is; features register theirs, the help lists them all. */

import { useEffect, useRef } from "react";

export interface Shortcut {
  /** A character such as `?`, or two that follow each other, such as `g e`. */
  keys: string;
  /** Under which heading the help lists it. */
  group: string;
  /** What it does. */
  text: string;
  run: () => void;
}

/** Longest time between the first character and the second. */
const FOLLOW_MS = 1500;
const KEY = "mainshock-shortcuts";
const FIELDS = "input, select, textarea, [contenteditable]";

/** The shortcuts of the page, and what has been typed of one. */
export class Shortcuts {
  private known: readonly Shortcut[] = [];
  private readonly readers = new Set<() => void>();
  private begun = "";
  private begunMs = 0;

  /** Take up a shortcut; returns how to drop it. Two for the same keys are a mistake of ours. */
  add(shortcut: Shortcut): () => void {
    const same = this.known.find((one) => one.keys === shortcut.keys);
    if (same !== undefined) throw new Error(`${shortcut.keys} already means: ${same.text}`);
    this.set([...this.known, shortcut]);
    return () => this.set(this.known.filter((one) => one !== shortcut));
  }

  readonly all = (): readonly Shortcut[] => this.known;

  readonly listen = (reader: () => void): (() => void) => {
    this.readers.add(reader);
    return () => this.readers.delete(reader);
  };

  /** The shortcut that a character completes at a time, or null. */
  press(character: string, atMs: number): Shortcut | null {
    const isFollowing = this.begun !== "" && atMs - this.begunMs <= FOLLOW_MS;
    const typed = isFollowing ? `${this.begun} ${character}` : character;
    this.begun = "";
    const found = this.known.find((one) => one.keys === typed);
    if (found !== undefined) return found;
    if (isFollowing) return this.press(character, atMs); // it may begin another one
    if (this.known.some((one) => one.keys.startsWith(`${character} `))) {
      this.begun = character;
      this.begunMs = atMs;
    }
    return null;
  }

  private set(known: readonly Shortcut[]): void {
    this.known = known;
    for (const reader of this.readers) reader();
  }
}

export const shortcuts = new Shortcuts();

/** Whether keys do anything; who speaks to the machine may turn them off (WCAG 2.1.4). */
export function areOn(): boolean {
  try {
    return localStorage.getItem(KEY) !== "off";
  } catch {
    return true;
  }
}

export function turn(isOn: boolean): void {
  try {
    if (isOn) localStorage.removeItem(KEY);
    else localStorage.setItem(KEY, "off");
  } catch {
    // a browser that stores nothing keeps them on
  }
}

/** Hold a shortcut while a component is shown; `run` may change with each rendering. */
export function useShortcut({ keys, group, text, run }: Shortcut): void {
  const latest = useRef(run);
  latest.current = run;
  useEffect(
    () => shortcuts.add({ keys, group, text, run: () => latest.current() }),
    [keys, group, text],
  );
}

/** Obey keys from now on, but not in fields, in dialogs or with Ctrl, Alt and the like. */
export function listenToKeys(): () => void {
  const obey = (event: KeyboardEvent): void => {
    if (event.defaultPrevented || event.ctrlKey || event.altKey || event.metaKey || !areOn()) return;
    if (event.key.length !== 1 || event.isComposing || event.repeat) return;
    const isField = event.target instanceof Element && event.target.closest(FIELDS) !== null;
    if (isField || document.querySelector("dialog[open]") !== null) return;
    const found = shortcuts.press(event.key.toLowerCase(), event.timeStamp);
    if (found === null) return;
    event.preventDefault();
    found.run();
  };
  document.addEventListener("keydown", obey);
  return () => document.removeEventListener("keydown", obey);
}
