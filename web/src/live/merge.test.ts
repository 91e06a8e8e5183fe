import { expect, it } from "vitest";

import { added, newestVersions } from "./merge";

const record = (id: string, version: number, time: string) => ({ id, version, time });
const identity = (one: { id: string }) => one.id;

it("keeps the newest version of each, latest first", () => {
  const known = [record("b", 2, "2010-05-27T16:25:00Z"), record("a", 1, "2010-05-27T16:24:00Z")];
  const news = [record("a", 2, "2010-05-27T16:26:00Z"), record("b", 1, "2010-05-27T17:00:00Z")];
  expect(newestVersions(known, news, identity).map((one) => [one.id, one.version])).toEqual([
    ["a", 2],
    ["b", 2],
  ]);
});

it("takes a version that is told again as it is now", () => {
  const again = { ...record("a", 1, "2010-05-27T16:24:00Z"), note: "again" };
  const [kept] = newestVersions(
    [{ ...record("a", 1, "2010-05-27T16:24:00Z"), note: "before" }],
    [again],
    identity,
  );
  expect(kept?.note).toBe("again");
});

it("finds what was told meanwhile", () => {
  const [first, second] = [record("a", 1, "x"), record("b", 1, "y")];
  const newer = record("a", 2, "x");
  expect(added([first, second], [newer, second])).toEqual([newer]);
});
