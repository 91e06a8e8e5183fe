import { describe, expect, it } from "vitest";

import { comparedScores, leavesOf } from "./content";
import { blocksOf, inlineOf } from "./markdown";

describe("a card", () => {
  it("becomes headings, paragraphs, lists, tables and code", () => {
    const told = blocksOf("# A\ntext\nmore\n\n* one\n  goes on\n* two\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n```\nx < y\n```\n");
    expect(told.map((one) => one.kind)).toEqual(["heading", "paragraph", "list", "table", "code"]);
    expect(told[2]).toMatchObject({ items: [[{ text: "one goes on" }], [{ text: "two" }]] });
    expect(told[3]).toMatchObject({ rows: [[[{ text: "1" }], [{ text: "2" }]]] });
    expect(told[4]).toMatchObject({ text: "x < y" });
  });

  it("leads to no address but those of the web, encrypted", () => {
    expect(inlineOf("[a](javascript:alert) [b](https://example.org) `c`")).toEqual([
      { kind: "text", text: "a" },
      { kind: "text", text: " " },
      { kind: "link", text: "b", href: "https://example.org" },
      { kind: "text", text: " " },
      { kind: "code", text: "c" },
    ]);
  });

  it("keeps HTML as text", () => {
    expect(blocksOf("<img src=x onerror=alert(1)>")).toEqual([
      { kind: "paragraph", content: [{ kind: "text", text: "<img src=x onerror=alert(1)>" }] },
    ]);
  });
});

describe("scores", () => {
  it("are named by the way to them", () => {
    expect([...leavesOf({ a: { b: 0.123456, c: "x" }, d: null })]).toEqual([
      ["a › b", "0.1235"],
      ["a › c", "x"],
    ]);
  });

  it("that one of two lacks are told or left out", () => {
    expect(comparedScores({ a: 1, b: 2 }, { a: 3 }, false)).toHaveLength(2);
    expect(comparedScores({ a: 1, b: 2 }, { a: 3 }, true)).toEqual([{ path: "a", left: "1", right: "3" }]);
  });
});
