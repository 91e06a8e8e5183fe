/** Which model serves, and how the one beside it compares: asked for again and again. */

import { useEffect, useState } from "react";

import { problemOf } from "../api/client";
import { keepAsking } from "../ui/asking";
import { servingOf, type ServingData } from "./Serving";

export const REST_MS = 10_000;

export interface ServingTold {
  serving: ServingData | null;
  /** When the answer came, by this machine's clock. */
  readMs: number;
  /** Why there is no newer answer. */
  problem: string | null;
}

/** Tell each answer, and beside the last one each problem. Returns what ends it. */
export function watchServing(onTold: (told: (last: ServingTold) => ServingTold) => void): () => void {
  return keepAsking({
    ask: servingOf,
    restMs: REST_MS,
    onAnswer: (serving) => onTold(() => ({ serving, readMs: Date.now(), problem: null })),
    onProblem: (error) => onTold((last) => ({ ...last, problem: problemOf(error) })),
  });
}

/** What serves now; asked at once whenever `changes` grows. */
export function useServing(changes: number): ServingTold {
  const [told, setTold] = useState<ServingTold>({ serving: null, readMs: 0, problem: null });
  useEffect(() => watchServing(setTold), [changes]);
  return told;
}
