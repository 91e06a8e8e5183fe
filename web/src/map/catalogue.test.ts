import { expect, it } from "vitest";

import type { EventSummary } from "../api/types";
import { extentOf, isShown, NO_FILTERS, rowOf, tell, type Filters } from "./catalogue";
import { Catalogue } from "./catalogueStore";
import { EventCloud } from "./eventCloud";

const DAY_MS = 86_400_000;
const event = (id: number, more: Partial<EventSummary> = {}): EventSummary =>
  ({
    event_id: `e${id}`,
    version: 1,
    kind: "new",
    status: "settled",
    quality: "B",
    time: new Date(id * DAY_MS + 400).toISOString(),
    longitude: id,
    latitude: 0,
    depth_km: 5 * id,
    magnitude: id / 2,
    ...more,
  }) as EventSummary;
const EVENTS = [
  event(0),
  event(1, { quality: "A", magnitude: null }),
  event(2, { status: "preliminary" }),
  event(3, { kind: "cancel" }),
  event(4, { quality: "D" }),
];
const ROWS = EVENTS.map(rowOf);
const WHOLE = extentOf(ROWS, null)!;
const FILTERS: Filters[] = [
  NO_FILTERS,
  { ...NO_FILTERS, leastMagnitude: 1 },
  { ...NO_FILTERS, leastMagnitude: -1 },
  { ...NO_FILTERS, worstGrade: 1 },
  { ...NO_FILTERS, state: "cancelled" },
  { ...NO_FILTERS, state: "preliminary" },
  { ...NO_FILTERS, leastDepthKm: 5, mostDepthKm: 15 },
];

/** What the map draws of a filter. */
function drawn(filters: Filters, range = WHOLE): string[] {
  const cloud = new EventCloud();
  cloud.put(ROWS);
  return [...cloud.shown(filters, range)].sort((a, b) => a - b).map((index) => ROWS[index]!.id);
}

const counted = (filters: Filters, range = WHOLE) =>
  ROWS.filter((row) => isShown(row, filters, range)).map((row) => row.id);

it("counts what the map draws, whatever is filtered", () => {
  for (const filters of FILTERS) expect(drawn(filters), JSON.stringify(filters)).toEqual(counted(filters));
  const part = { startMs: DAY_MS, endMs: 2 * DAY_MS };
  expect(drawn(NO_FILTERS, part)).toEqual(counted(NO_FILTERS, part));
});

it("filters by magnitude, grade, state, depth and time", () => {
  expect(FILTERS.map((one) => counted(one).join(" "))).toEqual([
    "e0 e1 e2 e4", "e2 e4", "e0 e2 e4", "e0 e1 e2", "e3", "e2", "e1 e2",
  ]);
  expect(counted(NO_FILTERS, { startMs: DAY_MS, endMs: 2.5 * DAY_MS })).toEqual(["e1", "e2"]);
});

it("tells the count and the newest, newest first", () => {
  const told = tell(ROWS, NO_FILTERS, WHOLE, 2);
  expect([told.count, ...told.newest.map((one) => one.id)]).toEqual([4, "e4", "e2"]);
});

it("has an axis from the first event to the last or to now, also for one event alone", () => {
  expect(extentOf([], 5)).toBeNull();
  expect(extentOf(ROWS, 9 * DAY_MS)).toEqual({ startMs: 400, endMs: 9 * DAY_MS });
  const one = extentOf(ROWS.slice(0, 1), null)!;
  expect(one.endMs - one.startMs).toBe(60_000);
});

it("takes a newer version in place of an older one, and only what changed", () => {
  const catalogue = new Catalogue();
  catalogue.put(EVENTS);
  catalogue.put(EVENTS);
  expect(catalogue.changes).toEqual([0, 1, 2, 3, 4]);
  catalogue.put([event(2, { version: 2, magnitude: 4 })]);
  catalogue.put([event(2)]);
  expect(catalogue.rows).toHaveLength(5);
  expect(catalogue.rowOf("e2")?.magnitude).toBe(4);
  expect(catalogue.changes.slice(5)).toEqual([2]);
});
