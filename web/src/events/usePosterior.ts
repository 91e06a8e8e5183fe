import { useEffect, useState } from "react";

import { api } from "../api/client";
import type { EventSummary, Posterior } from "../api/types";

/** A pointer that only passes over rows asks for nothing. */
const REST_MS = 200;

/** Return where an event may lie, read anew with each of its versions; null until it is read. */
export function usePosterior(event: EventSummary | undefined): Posterior | null {
  const [posterior, setPosterior] = useState<Posterior | null>(null);
  const [eventId, version] = [event?.event_id, event?.version];
  useEffect(() => {
    if (eventId === undefined) return undefined;
    const abort = new AbortController();
    const timer = setTimeout(() => {
      api.posterior(eventId, abort.signal).then(setPosterior, () => {
        if (!abort.signal.aborted) setPosterior(null);
      });
    }, REST_MS);
    return () => {
      clearTimeout(timer);
      abort.abort();
    };
  }, [eventId, version]);
  return posterior?.event_id === eventId ? posterior : null;
}
