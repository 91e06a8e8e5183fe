/** All events of the service, read in parts so that the page never stands still, kept while it is open. */

import { useEffect, useSyncExternalStore } from "react";

import { problemOf, request } from "../api/client";
import type { EventSummary } from "../api/types";
import { live } from "../live/liveStore";
import { rowOf, type Row } from "./catalogue";

/** One part; larger ones take longer to read than a frame or two. */
const PART = 2000;
const MOST = 100_000;
/** Between parts, so that other work gets its turn. */
const REST_MS = 20;

interface Part {
  data: EventSummary[];
  meta: { count: number };
}

export interface CatalogueState {
  /** Grows with each change. */
  revision: number;
  /** How many the service has; null before the first answer. */
  total: number | null;
  isComplete: boolean;
  problem: string | null;
}

export class Catalogue {
  readonly rows: Row[] = [];
  /** Indices of rows in the order in which they came or changed. */
  readonly changes: number[] = [];
  private readonly places = new Map<string, number>();
  private readonly readers = new Set<() => void>();
  private state: CatalogueState = { revision: 0, total: null, isComplete: false, problem: null };
  private isReading = false;

  readonly current = (): CatalogueState => this.state;

  readonly listen = (reader: () => void): (() => void) => {
    this.readers.add(reader);
    return () => this.readers.delete(reader);
  };

  /** Take up events; those that are known in this or a later version change nothing. */
  put(events: readonly EventSummary[]): void {
    const before = this.changes.length;
    for (const event of events) {
      const row = rowOf(event);
      const place = this.places.get(row.id);
      const known = place === undefined ? undefined : this.rows[place];
      if (known !== undefined && known.version > row.version) continue;
      if (known?.version === row.version && known.state === row.state) continue;
      const index = place ?? this.rows.length;
      this.rows[index] = row;
      this.places.set(row.id, index);
      this.changes.push(index);
    }
    if (this.changes.length > before) this.set({ revision: this.state.revision + 1 });
  }

  rowOf(eventId: string): Row | undefined {
    const place = this.places.get(eventId);
    return place === undefined ? undefined : this.rows[place];
  }

  /** Read all, once; a reading that failed may be tried again. */
  async read(): Promise<void> {
    if (this.isReading || this.state.isComplete) return;
    this.isReading = true;
    try {
      let total = Infinity;
      for (let offset = 0; offset < Math.min(total, MOST); offset += PART) {
        const query = { limit: PART, offset, order: "-time", include_cancelled: "true" };
        const part = (await request("events", query)) as Part;
        total = part.meta.count;
        this.set({ total, problem: null });
        this.put(part.data);
        if (part.data.length < PART) break;
        await new Promise((resolve) => setTimeout(resolve, REST_MS));
      }
      this.set({ isComplete: true });
    } catch (error) {
      this.set({ problem: problemOf(error) });
    } finally {
      this.isReading = false;
    }
  }

  private set(news: Partial<CatalogueState>): void {
    this.state = { ...this.state, ...news };
    for (const reader of this.readers) reader();
  }
}

export const catalogue = new Catalogue();

/** Read all events, follow what comes live, and return how far that is. */
export function useCatalogue(): CatalogueState {
  useEffect(() => {
    void catalogue.read();
    const follow = (): void => catalogue.put(live.current().events);
    follow();
    return live.listen(follow);
  }, []);
  return useSyncExternalStore(catalogue.listen, catalogue.current);
}
