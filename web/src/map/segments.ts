/** Assessed megathrust segments: read once, when the reader first asks for them. */

import { useEffect, useState } from "react";

import { api, problemOf } from "../api/client";
import type { SegmentCollection } from "../api/types";
import { messages } from "../messages";

let known: Promise<SegmentCollection> | undefined;

function readSegments(): Promise<SegmentCollection> {
  known ??= api.segments().catch((error: unknown) => {
    known = undefined; // another click tries again
    throw error;
  });
  return known;
}

/** Return the segments while they are asked for, and why they could not be read. */
export function useSegments(isShown: boolean): {
  segments: SegmentCollection | null;
  problem: string | null;
} {
  const [segments, setSegments] = useState<SegmentCollection | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  useEffect(() => {
    if (!isShown) return undefined;
    let isGone = false;
    setProblem(null);
    readSegments().then(
      (read) => !isGone && setSegments(read),
      (error: unknown) => !isGone && setProblem(problemOf(error)),
    );
    return () => {
      isGone = true;
    };
  }, [isShown]);
  return { segments: isShown ? segments : null, problem: isShown ? problem : null };
}

/** The classes that a model cannot rule out, in words; on the map a list comes as JSON. */
export function classWords(conformalSet: unknown): string {
  const classes = (typeof conformalSet === "string" ? JSON.parse(conformalSet) : conformalSet) as number[];
  const words = classes.map((one) => messages.segment.classes[one] ?? String(one));
  return words.length === 0 ? messages.none : words.join(messages.segment.or);
}

/** All that is told of a segment in one sentence or two. */
export function segmentText(properties: Record<string, unknown>): string {
  return messages.segment.summary(
    `${String(properties["region"])} ${String(properties["index"])}`,
    Number(properties["probability"]).toFixed(2),
    classWords(properties["conformal_set"]),
    Boolean(properties["is_applicable"]),
  );
}
