/** What is wrong with an instrument's data, from its numbers: plain findings, and how bad they are. */

import type { InstrumentQuality } from "../station/client";

export type Level = "good" | "warn" | "bad";

export type Finding =
  | { kind: "good" | "stored" | "never" }
  | { kind: "noData" | "late" | "latency" | "ahead" | "begun"; seconds: number }
  | { kind: "clockPackets" | "corrupt"; count: number }
  | { kind: "clockQuality" | "hour"; share: number }
  | { kind: "gaps"; count: number; seconds: number };

export interface Diagnosis {
  level: Level;
  /** Grows with how bad it is; instruments are listed from high to low. */
  score: number;
  findings: Finding[];
}

const SILENT_S = 60;
const LATE_S = 30;
const LONG_LATENCY_S = 20;
const AHEAD_S = -1;
const POOR_CLOCK = 0.6;
const LITTLE_GAP_S = 1;
const ENOUGH = 0.95;
const DAY_S = 86_400;
const BEGUN_S = DAY_S - 900;

export const NEVER: Diagnosis = { level: "bad", score: 5000, findings: [{ kind: "never" }] };

/** Judge an instrument; of stored records only what is in them, since nothing arrives. */
export function diagnosisOf(one: InstrumentQuality, isStored: boolean): Diagnosis {
  const findings: [Finding, score: number][] = [];
  if (!isStored) findings.push(...arrival(one));
  findings.push(...clock(one), ...completeness(one, isStored));
  const damaged = (one.counts["corrupt"] ?? 0) + (one.counts["truncated"] ?? 0);
  if (damaged > 0) findings.push([{ kind: "corrupt", count: damaged }, 100 + Math.min(damaged, 99)]);
  findings.sort((a, b) => b[1] - a[1]);
  const worst = findings[0]?.[1] ?? 0;
  // many small troubles never outweigh a great one
  const score = worst + findings.reduce((sum, [, size]) => sum + size, 0) / 1e4;
  if (worst === 0) findings.unshift([{ kind: isStored ? "stored" : "good" }, 0]);
  const level = worst >= 1000 ? "bad" : worst > 0 ? "warn" : "good";
  return { level, score, findings: findings.map(([finding]) => finding) };
}

function arrival(one: InstrumentQuality): [Finding, number][] {
  if (one.age_s >= SILENT_S) {
    return [[{ kind: "noData", seconds: one.age_s }, 1000 + Math.min(one.age_s / 60, 2000)]];
  }
  const found: [Finding, number][] = [];
  if (one.age_s >= LATE_S) found.push([{ kind: "late", seconds: one.age_s }, 300]);
  if (one.latency_s !== null && one.latency_s > LONG_LATENCY_S) {
    found.push([{ kind: "latency", seconds: one.latency_s }, 200]);
  }
  return found;
}

function clock(one: InstrumentQuality): [Finding, number][] {
  const found: [Finding, number][] = [];
  if (one.latency_s !== null && one.latency_s < AHEAD_S) {
    found.push([{ kind: "ahead", seconds: -one.latency_s }, 600]);
  }
  const refused = one.counts["clock"] ?? 0;
  if (refused > 0) found.push([{ kind: "clockPackets", count: refused }, 500]);
  const stated = one.clock_quality_percent;
  if (stated !== null && stated / 100 < POOR_CLOCK) {
    found.push([{ kind: "clockQuality", share: stated / 100 }, 400]);
  }
  return found;
}

function completeness(one: InstrumentQuality, isStored: boolean): [Finding, number][] {
  const found: [Finding, number][] = [];
  if (one.gap_s > LITTLE_GAP_S) {
    found.push([{ kind: "gaps", count: one.gaps, seconds: one.gap_s }, 100 + Math.min(one.gap_s / 60, 99)]);
  }
  const begunS = begunOf(one);
  if (begunS === null || isStored) return found;
  const possible = Math.min(1, begunS / 3600);
  const isSilent = one.age_s >= SILENT_S; // which is told already
  if (!isSilent && possible > 0.02 && one.hour < ENOUGH * possible - (one.age_s + 30) / 3600) {
    found.push([{ kind: "hour", share: one.hour }, 150]);
  }
  if (begunS < BEGUN_S && begunS > SILENT_S) found.push([{ kind: "begun", seconds: begunS }, 0]);
  return found;
}

/** How long ago the data of the last 24 hours begin, in seconds. */
function begunOf(one: InstrumentQuality): number | null {
  if (one.first_sample === null) return null;
  return one.age_s + (Date.parse(one.last_sample) - Date.parse(one.first_sample)) / 1000;
}

/** The worst of several instruments of a station. */
export function worstOf(all: Diagnosis[]): Diagnosis {
  return all.reduce((worst, one) => (one.score > worst.score ? one : worst));
}
