/** All events of the service, read in parts so that the page never stands still, and followed while it is open. */

import { useEffect, useSyncExternalStore } from "react";

import { api, problemOf } from "../api/client";
import type { EventSummary } from "../api/types";
import { live, type Follower } from "../live/liveStore";
import { Reading } from "../live/reading";
import { rowOf, type Row } from "./catalogue";

/** One part; larger ones take longer to read than a frame or two. */
const PART = 2000;
const MOST = 100_000;
/** Between parts, so that other work gets its turn. */
const REST_MS = 20;

export interface CatalogueState {
  /** Grows with each change. */
  revision: number;
  /** How many the service has; null before the first answer. */
  total: number | null;
  /** Whether all have been read once. */
  isComplete: boolean;
  problem: string | null;
}

export class Catalogue implements Follower {
  readonly rows: Row[] = [];
  /** Indices of rows in the order in which they came or changed. */
  readonly changes: number[] = [];
  private readonly places = new Map<string, number>();
  private readonly readers = new Set<() => void>();
  private state: CatalogueState = { revision: 0, total: null, isComplete: false, problem: null };
  /** Whether more may have happened than was read and told. */
  private isStale = true;
  private readonly reading = new Reading((signal) => this.readAll(signal));

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

  /** Read all where that has not been done since the service was last away. */
  read(): void {
    if (this.isStale && !this.reading.isReading) this.reading.start();
  }

  /** Also what was withdrawn or reviewed while the service was away; nobody looks: once somebody does. */
  onHello(): void {
    this.isStale = true;
    if (this.readers.size > 0) this.reading.start();
  }

  onEvent(event: EventSummary): void {
    this.put([event]);
  }

  private async readAll(signal: AbortSignal): Promise<void> {
    try {
      let total = Infinity;
      for (let offset = 0; offset < Math.min(total, MOST); offset += PART) {
        const part = await api.events({ limit: PART, offset, include_cancelled: "true" }, signal);
        signal.throwIfAborted();
        total = part.meta.count;
        this.set({ total, problem: null });
        this.put(part.data);
        if (part.data.length < PART) break;
        await new Promise((resolve) => setTimeout(resolve, REST_MS));
        signal.throwIfAborted();
      }
      this.isStale = false;
      this.set({ isComplete: true });
    } catch (error) {
      if (!signal.aborted) this.set({ problem: problemOf(error) });
      throw error;
    }
  }

  private set(news: Partial<CatalogueState>): void {
    this.state = { ...this.state, ...news };
    for (const reader of this.readers) reader();
  }
}

export const catalogue = new Catalogue();
live.follow(catalogue);

/** Read all events, and return how far that is. */
export function useCatalogue(): CatalogueState {
  useEffect(() => {
    catalogue.put(live.current().events); // at once, before the first part has been read
    catalogue.read();
  }, []);
  return useSyncExternalStore(catalogue.listen, catalogue.current);
}
