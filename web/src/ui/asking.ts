/** Asking the service again and again: one request at a time, however long its answer takes. */

export interface Asking<T> {
  ask: (signal: AbortSignal) => Promise<T>;
  /** How long it rests after each answer. */
  restMs: number;
  onAnswer: (answer: T) => void;
  onProblem: (problem: unknown) => void;
  /** Whether nothing more will change after an answer; without it none is the last. */
  isLast?: (answer: T) => boolean;
}

/** Ask until an answer is the last one; a request that fails is made again. Returns what ends it. */
export function keepAsking<T>({ ask, restMs, onAnswer, onProblem, isLast }: Asking<T>): () => void {
  const abort = new AbortController();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const once = async () => {
    let isOver = false;
    try {
      const answer = await ask(abort.signal);
      if (abort.signal.aborted) return;
      isOver = isLast?.(answer) ?? false;
      onAnswer(answer);
    } catch (problem) {
      if (abort.signal.aborted) return;
      onProblem(problem);
    }
    if (!isOver && !abort.signal.aborted) timer = setTimeout(() => void once(), restMs);
  };
  void once();
  return () => {
    abort.abort();
    clearTimeout(timer);
  };
}
