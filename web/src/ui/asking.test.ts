import { afterEach, beforeEach, expect, it, vi } from "vitest";

import { keepAsking } from "./asking";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** Answers that take a while each. */
function slowly(answers: (string | Error)[], tookMs: number) {
  let [atOnce, most] = [0, 0];
  const ask = async (signal: AbortSignal): Promise<string> => {
    atOnce += 1;
    most = Math.max(most, atOnce);
    await new Promise((resolve) => setTimeout(resolve, tookMs));
    atOnce -= 1;
    signal.throwIfAborted();
    const answer = answers.shift();
    if (answer === undefined || answer instanceof Error) throw answer ?? new Error("nothing more");
    return answer;
  };
  return { ask, most: () => most };
}

function watched(answers: (string | Error)[], tookMs: number) {
  const told: string[] = [];
  const { ask, most } = slowly(answers, tookMs);
  const end = keepAsking({
    ask,
    restMs: 1000,
    onAnswer: (answer) => told.push(answer),
    onProblem: (problem) => told.push(String(problem)),
    isLast: (answer) => answer === "ended",
  });
  return { told, end, most };
}

it("takes answers that come later than the next question was due", async () => {
  const { told, most } = watched(["running", "running", "ended"], 5000);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(told).toEqual(["running", "running", "ended"]);
  expect(most()).toBe(1);
});

it("asks again after a failure, until the end", async () => {
  const { told } = watched(["running", new Error("offline"), "ended", "more"], 10);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(told).toEqual(["running", "Error: offline", "ended"]);
});

it("tells nothing once it was ended", async () => {
  const { told, end } = watched(["running", "running"], 500);
  await vi.advanceTimersByTimeAsync(1600);
  end();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(told).toEqual(["running"]);
});
