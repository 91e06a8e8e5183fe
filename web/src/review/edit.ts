/** The picks of an event while an analyst changes them: pure functions, with a way back. */

import type { ArrivalRow } from "../api/types";

export type Phase = "P" | "S";

export interface EditPick {
  /** The same as long as it is edited. */
  id: string;
  network: string;
  station: string;
  location: string;
  phase: Phase;
  timeMs: number;
  sigmaS: number;
  /** As the service told it, in microseconds; null once it was moved, or where it is new. */
  time: string | null;
}

export interface Edit {
  picks: EditPick[];
  /** What stood before each change, the newest last. */
  before: EditPick[][];
}

export type Change =
  | { kind: "move"; id: string; timeMs: number; isDrag?: boolean }
  | { kind: "sigma"; id: string; sigmaS: number }
  | { kind: "phase"; id: string; phase: Phase }
  | { kind: "remove"; id: string }
  | { kind: "add"; network: string; station: string; phase: Phase; timeMs: number }
  | { kind: "undo" };

export const LEAST_SIGMA_S = 0.001;
const MOST_SIGMA_S = 60;
const NEW_SIGMA_S = 0.1;

export function begin(arrivals: readonly ArrivalRow[]): Edit {
  const picks = arrivals.map((one, index) => ({
    id: `${index}`,
    network: one.network,
    station: one.station,
    location: one.location,
    phase: one.phase as Phase,
    timeMs: Date.parse(one.time),
    sigmaS: one.sigma_s,
    time: one.time,
  }));
  return { picks, before: [] };
}

export const isChanged = (edit: Edit | null): boolean => edit !== null && edit.before.length > 0;

export const codeOf = (one: { network: string; station: string }): string =>
  `${one.network}.${one.station}`;

/** Return the picks after a change; a change that cannot be leaves all as it is. */
export function changed(edit: Edit, change: Change): Edit {
  if (change.kind === "undo") {
    const last = edit.before.at(-1);
    return last === undefined ? edit : { picks: last, before: edit.before.slice(0, -1) };
  }
  const picks = next(edit.picks, change);
  if (picks === null) return edit;
  // the steps of one drag are one change: it is kept where it began
  const isSame = change.kind === "move" && change.isDrag === true;
  return { picks, before: isSame ? edit.before : [...edit.before, edit.picks] };
}

function next(picks: EditPick[], change: Exclude<Change, { kind: "undo" }>): EditPick[] | null {
  if (change.kind === "add") return added(picks, change);
  const one = picks.find((pick) => pick.id === change.id);
  if (one === undefined) return null;
  if (change.kind === "remove") return picks.filter((pick) => pick !== one);
  const replaced = altered(picks, one, change);
  return replaced === null ? null : picks.map((pick) => (pick === one ? replaced : pick));
}

function altered(
  picks: EditPick[],
  one: EditPick,
  change: Exclude<Change, { kind: "undo" | "add" | "remove" }>,
): EditPick | null {
  if (change.kind === "move") {
    return Number.isFinite(change.timeMs) ? { ...one, timeMs: change.timeMs, time: null } : null;
  }
  if (change.kind === "sigma") {
    if (!(change.sigmaS > 0)) return null;
    return { ...one, sigmaS: Math.min(MOST_SIGMA_S, Math.max(LEAST_SIGMA_S, change.sigmaS)) };
  }
  if (change.phase === one.phase || has(picks, one, change.phase)) return null;
  return { ...one, phase: change.phase };
}

function added(picks: EditPick[], change: Extract<Change, { kind: "add" }>): EditPick[] | null {
  if (!Number.isFinite(change.timeMs) || has(picks, change, change.phase)) return null;
  const number = Math.max(-1, ...picks.map((pick) => Number(pick.id))) + 1;
  const location = picks.find((pick) => codeOf(pick) === codeOf(change))?.location ?? "";
  return [
    ...picks,
    {
      id: `${number}`,
      network: change.network,
      station: change.station,
      location,
      phase: change.phase,
      timeMs: change.timeMs,
      sigmaS: NEW_SIGMA_S,
      time: null,
    },
  ];
}

/** Whether a station has a pick of a phase already. */
const has = (picks: EditPick[], at: { network: string; station: string }, phase: Phase): boolean =>
  picks.some((pick) => codeOf(pick) === codeOf(at) && pick.phase === phase);

/** What is sent of a pick. */
export interface SentPick {
  network: string;
  station: string;
  location: string;
  phase: Phase;
  time: string;
  sigma_s: number;
}

/** The picks as the service takes them: unmoved ones at the very time that it told. */
export function sent(edit: Edit): SentPick[] {
  return edit.picks.map((one) => ({
    network: one.network,
    station: one.station,
    location: one.location,
    phase: one.phase,
    time: one.time ?? timeText(one.timeMs),
    sigma_s: one.sigmaS,
  }));
}

/** A time with its fraction of a millisecond, which dates leave out. */
export function timeText(timeMs: number): string {
  const whole = Math.floor(timeMs);
  const micro = Math.min(999, Math.round((timeMs - whole) * 1000));
  return `${new Date(whole).toISOString().slice(0, -1)}${String(micro).padStart(3, "0")}Z`;
}
