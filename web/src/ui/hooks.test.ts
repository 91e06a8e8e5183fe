import { describe, expect, it } from "vitest";

import { answerTo } from "./hooks";

describe("an answer", () => {
  const given = { question: "a", data: 5, problem: null };

  it("is shown under its own question, also while that is asked again", () => {
    expect(answerTo("a", given)).toBe(given);
  });

  it("is never shown under another question, and neither is what went wrong with it", () => {
    expect(answerTo("b", given)).toEqual({ data: null, problem: null });
    expect(answerTo("b", { question: "a", data: null, problem: "lost" })).toEqual({ data: null, problem: null });
  });
});
