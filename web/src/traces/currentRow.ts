/** Which row keys mean, and how the focus goes from row to row. */

import { useState, type KeyboardEvent } from "react";

/** The row that a step leads to; from none, the first or the last one. */
export function rowAfter(channels: readonly string[], from: string | null, step: number): string | undefined {
  const known = from === null ? -1 : channels.indexOf(from);
  const at = known >= 0 ? known : step > 0 ? -1 : channels.length;
  return channels[Math.min(channels.length - 1, Math.max(0, at + step))];
}

/** The one row that Tab leads into: the current one, or the first while none is. */
export const reachableRow = (channels: readonly string[], current: string | null): string | null =>
  current ?? channels[0] ?? null;

/** How many rows a key steps: none unless it is an arrow alone, pressed inside a row. */
export function rowStep({ key, shiftKey, ctrlKey, altKey, metaKey }: KeyState, isInRow: boolean): number {
  if (!isInRow || shiftKey || ctrlKey || altKey || metaKey) return 0;
  return key === "ArrowDown" ? 1 : key === "ArrowUp" ? -1 : 0;
}

type KeyState = Pick<KeyboardEvent, "key" | "shiftKey" | "ctrlKey" | "altKey" | "metaKey">;

interface Rows {
  current: string | null;
  reachable: string | null;
  onRow: (step: number) => void;
  /** Go to another row where a key asks for that; returns whether it did. */
  obey: (event: KeyboardEvent) => boolean;
}

/** The current row: none at first, then one after the other. */
export function useCurrentRow(channels: string[]): Rows {
  const [chosen, setChosen] = useState<string | null>(null);
  const current = chosen !== null && channels.includes(chosen) ? chosen : null;
  const go = (from: string | null, step: number, part: string) => {
    const next = rowAfter(channels, from, step);
    if (next === undefined) return;
    setChosen(next);
    const row = document.querySelector<HTMLElement>(`[data-trace="${CSS.escape(next)}"]`);
    row?.scrollIntoView({ block: "nearest" });
    row?.querySelector<HTMLElement>(part)?.focus({ preventScroll: true });
  };
  const obey = (event: KeyboardEvent) => {
    const focused = event.target as Element;
    const row = focused.closest<HTMLElement>("[data-trace]");
    const step = rowStep(event, row !== null);
    if (step === 0) return false;
    event.preventDefault();
    go(row?.dataset["trace"] ?? null, step, focused.tagName);
    return true;
  };
  return { current, reachable: reachableRow(channels, current), onRow: (step) => go(current, step, "button"), obey };
}
