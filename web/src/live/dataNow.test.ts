import { expect, it } from "vitest";

import type { StationHealth } from "../api/types";
import { stateOf } from "../map/content";
import { dataNow, newestSampleMs } from "./dataNow";

const STREAM = Date.parse("2026-01-01T00:00:00Z");
const HOUR_LATER = STREAM + 3_600_000;

it("lets data of a live source age when nothing comes any more", () => {
  expect(dataNow(true, STREAM, HOUR_LATER)).toBe(HOUR_LATER);
  expect(stateOf("2026-01-01T00:00:00Z", dataNow(true, STREAM, HOUR_LATER))).toBe("silent");
  expect(dataNow(true, null, HOUR_LATER)).toBe(HOUR_LATER);
});

it("takes data that are ahead of the clock for new", () => {
  expect(dataNow(true, STREAM + 500, STREAM)).toBe(STREAM + 500);
});

it("takes the newest data of a replay for now", () => {
  expect(dataNow(false, STREAM, HOUR_LATER)).toBe(STREAM);
  expect(dataNow(false, null, HOUR_LATER)).toBeNull();
});

it("finds the newest sample of all instruments", () => {
  const health = ["2026-01-01T00:00:00Z", "2025-12-31T23:00:00Z"].map((last_sample) => ({
    last_sample,
  })) as StationHealth[];
  expect(newestSampleMs(health)).toBe(STREAM);
  expect(newestSampleMs([])).toBeNull();
});
