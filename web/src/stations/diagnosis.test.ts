import { describe, expect, it } from "vitest";

import type { InstrumentQuality } from "../station/client";
import { diagnosisOf, NEVER, worstOf } from "./diagnosis";

const GOOD: InstrumentQuality = {
  trace_id: "XX.AAA..HH",
  channel: "HHZ",
  sampling_rate_hz: 100,
  last_sample: "2020-05-02T00:00:00Z",
  age_s: 3,
  latency_s: 2.5,
  hours: Array.from({ length: 24 }, () => 1),
  hour: 1,
  day: 1,
  first_sample: "2020-05-01T00:00:03Z",
  gaps: 0,
  gap_s: 0,
  longest_gap_s: 0,
  clock_quality_percent: 100,
  counts: { ok: 500, late: 2, duplicate: 1 },
};

const judged = (news: Partial<InstrumentQuality>, isStored = false) => diagnosisOf({ ...GOOD, ...news }, isStored);
const kinds = (news: Partial<InstrumentQuality>, isStored = false) =>
  judged(news, isStored).findings.map((one) => one.kind);

describe("a diagnosis", () => {
  it("finds nothing where all is well", () => {
    expect(judged({})).toEqual({ level: "good", score: 0, findings: [{ kind: "good" }] });
  });

  it.each([
    [{ age_s: 180, hour: 0.95 }, ["noData"], "bad"],
    [{ age_s: 40 }, ["late"], "warn"],
    [{ latency_s: 45 }, ["latency"], "warn"],
    [{ latency_s: -12 }, ["ahead"], "warn"],
    [{ counts: { ok: 3, clock: 4 } }, ["clockPackets"], "warn"],
    [{ clock_quality_percent: 20 }, ["clockQuality"], "warn"],
    [{ clock_quality_percent: null }, ["good"], "good"],
    [{ gaps: 7, gap_s: 90 }, ["gaps"], "warn"],
    [{ hour: 0.4 }, ["hour"], "warn"],
    [{ counts: { corrupt: 1, truncated: 1 } }, ["corrupt"], "warn"],
    [{ first_sample: "2020-05-01T23:30:00Z", hour: 0.5, day: 0.5 / 24 }, ["good", "begun"], "good"],
  ] as const)("of %j is %j", (news, expected, level) => {
    expect(kinds(news as Partial<InstrumentQuality>)).toEqual(expected);
    expect(judged(news as Partial<InstrumentQuality>).level).toBe(level);
  });

  it("tells the worst first, and orders instruments", () => {
    expect(kinds({ age_s: 600, gaps: 2, gap_s: 30, counts: { clock: 1 } })).toEqual(["noData", "clockPackets", "gaps"]);
    const scores = [judged({}), judged({ gaps: 2, gap_s: 30 }), judged({ latency_s: -5 }), judged({ age_s: 90 }), NEVER];
    expect(scores.map((one) => one.score)).toEqual([...scores.map((one) => one.score)].sort((a, b) => a - b));
    expect(worstOf(scores)).toBe(NEVER);
  });

  it("of stored records says nothing of arrival", () => {
    expect(kinds({ age_s: 1e6, hour: 0 }, true)).toEqual(["stored"]);
    expect(kinds({ age_s: 1e6, gaps: 1, gap_s: 9 }, true)).toEqual(["gaps"]);
  });
});
