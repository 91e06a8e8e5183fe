/** Everything the page knows at the moment; views read snapshots of it. */

import { useSyncExternalStore } from "react";

import { api, ApiError, liveUrl, problemOf } from "../api/client";
import type {
  EventSummary,
  Hello,
  LiveMessage,
  LivePick,
  ServiceState,
  StationHealth,
  StationInfo,
} from "../api/types";
import { messages } from "../messages";
import { LiveConnection, type ConnectionState } from "./connection";
import { dataNow } from "./dataNow";
import { decodeFrame } from "./frames";
import { added, newestVersions } from "./merge";
import { Reading } from "./reading";
import { TraceBuffer } from "./traceBuffer";
import { sayError } from "../told/told";

/** Views are told of news at most this often. */
const NEWS_MS = 200;
/** How often the age of live data grows. */
const AGE_MS = 1000;
const MOST_EVENTS = 500;
const MOST_PICKS = 3000;
const RECENT_MS = 900_000;
/** Bins that are kept beyond the window, so that a paused view can still be drawn anew. */
const SPARE_WINDOWS = 2;

export interface Snapshot {
  connection: ConnectionState;
  hello: Hello | null;
  service: ServiceState | null;
  /** Time of the newest data, ms since 1970. */
  streamMs: number | null;
  /** What the age of data counts from, ms since 1970. */
  dataNowMs: number | null;
  /** The server's clock minus this machine's, ms. */
  clockOffsetMs: number;
  traces: string[];
  /** The newest ones, and no more than some hundreds. */
  events: EventSummary[];
  /** How many events the service has; null before they have been read. */
  eventCount: number | null;
  picks: LivePick[];
  health: StationHealth[];
  stations: StationInfo[];
  /** Whether events, picks and stations have been read once. */
  isLoaded: boolean;
  problem: string | null;
}

const EMPTY: Snapshot = {
  connection: "connecting",
  hello: null,
  service: null,
  streamMs: null,
  dataNowMs: null,
  clockOffsetMs: 0,
  traces: [],
  events: [],
  eventCount: null,
  picks: [],
  health: [],
  stations: [],
  isLoaded: false,
  problem: null,
};

export interface Subscription {
  traces: string[];
  seconds: number;
  pixels: number;
  /** How much of the past is kept, seconds; twice `seconds` where it is not stated. */
  keepS?: number;
}

/** Who keeps more events than the newest ones. */
export interface Follower {
  /** The service greets: anything may have happened since it was last heard. */
  onHello(): void;
  onEvent(event: EventSummary): void;
}

export class LiveStore {
  /** Buffers of the subscribed traces and curves. */
  readonly buffers = new Map<string, TraceBuffer>();
  /** Grows with every frame, so that drawing can tell whether there is news. */
  frames = 0;

  private snapshot = EMPTY;
  private pending: Partial<Snapshot> = {};
  private timer: ReturnType<typeof setTimeout> | undefined;
  private ages: ReturnType<typeof setInterval> | undefined;
  /** When the service last told the time of its data, by this machine's clock. */
  private toldTimeMs = 0;
  private readonly readers = new Set<() => void>();
  private readonly followers = new Set<Follower>();
  private readonly reading = new Reading((signal) => this.load(signal));
  private subscription: Subscription = { traces: [], seconds: 60, pixels: 800 };
  private readonly connection: LiveConnection;

  constructor() {
    this.connection = new LiveConnection(
      {
        onState: (connection) => this.set({ connection }),
        onOpen: () => this.onOpen(),
        onMessage: (data) => this.onMessage(data),
      },
      () => new WebSocket(liveUrl()),
    );
  }

  start(): void {
    this.connection.start();
    this.reading.start();
    clearInterval(this.ages);
    this.ages = setInterval(() => this.growOlder(), AGE_MS);
  }

  /** Ask for nothing more until it is started again; what is known stays. */
  stop(): void {
    clearInterval(this.ages);
    this.reading.stop();
    this.connection.stop();
  }

  readonly current = (): Snapshot => this.snapshot;

  readonly listen = (reader: () => void): (() => void) => {
    this.readers.add(reader);
    return () => this.readers.delete(reader);
  };

  /** Tell of each event as it comes; returns how to end it. */
  follow(follower: Follower): () => void {
    this.followers.add(follower);
    return () => this.followers.delete(follower);
  }

  /** Ask for these traces in place of those before. */
  subscribe(subscription: Subscription): void {
    const { traces, seconds, pixels } = subscription;
    this.subscription = subscription;
    const wanted = new Set(traces);
    // what stays subscribed stays drawn until its first frame comes
    for (const traceId of [...this.buffers.keys()]) {
      if (!wanted.has(traceId)) this.buffers.delete(traceId);
    }
    this.frames += 1;
    this.connection.send({ type: "subscribe", traces, seconds, pixels });
  }

  private onOpen(): void {
    this.subscribe(this.subscription);
  }

  /** The snapshot with what waits to be shown. */
  private get latest(): Snapshot {
    return { ...this.snapshot, ...this.pending };
  }

  private set(news: Partial<Snapshot>): void {
    Object.assign(this.pending, news);
    this.timer ??= setTimeout(() => {
      this.timer = undefined;
      this.snapshot = this.latest;
      this.pending = {};
      for (const reader of this.readers) reader();
    }, NEWS_MS);
  }

  /** Read everything anew: what the service no longer knows goes, what it tells meanwhile stays. */
  private async load(signal: AbortSignal): Promise<void> {
    const { events: oldEvents, picks: oldPicks } = this.latest;
    try {
      const [stations, events, picks] = await Promise.all([
        api.stations(signal),
        api.events({ limit: MOST_EVENTS }, signal),
        api.picks({ limit: MOST_PICKS, ...this.recent() }, signal),
      ]);
      signal.throwIfAborted();
      const toldMeanwhile = added(oldEvents, this.latest.events);
      this.set({
        stations,
        health: stations.flatMap((station) => station.health),
        events: mergeEvents(events.data, toldMeanwhile),
        eventCount: events.meta.count + countNew(events.data, toldMeanwhile),
        picks: mergePicks(picks, added(oldPicks, this.latest.picks)),
        isLoaded: true,
        problem: null,
      });
    } catch (error) {
      if (!signal.aborted) this.set({ problem: wordsOf(error) });
      throw error;
    }
  }

  /** Picks older than any window are of no use to the traces. */
  private recent(): { start?: string } {
    const { streamMs } = this.latest;
    return streamMs === null ? {} : { start: new Date(streamMs - RECENT_MS).toISOString() };
  }

  private onMessage(data: string | ArrayBuffer): void {
    try {
      if (typeof data === "string") this.onText(JSON.parse(data) as LiveMessage);
      else this.onFrame(data);
    } catch (error) {
      this.set({ problem: wordsOf(error) });
    }
  }

  private onFrame(data: ArrayBuffer): void {
    const frame = decodeFrame(data);
    if (!this.subscription.traces.includes(frame.traceId)) return; // of a former subscription
    const { seconds, keepS = seconds * SPARE_WINDOWS } = this.subscription;
    const capacity = Math.ceil((keepS * 1000) / frame.binMs);
    let buffer = this.buffers.get(frame.traceId);
    if (buffer?.binMs !== frame.binMs || buffer.capacity < capacity) {
      buffer = new TraceBuffer(frame.binMs, capacity);
      this.buffers.set(frame.traceId, buffer);
    }
    buffer.put(frame.startMs, frame.minimum, frame.maximum);
    this.frames += 1;
  }

  /** Take up how new the data are; null: as new as they were. */
  private setTime(text: string | null): void {
    const { hello, clockOffsetMs, streamMs: known } = this.latest;
    const streamMs = text === null ? known : Date.parse(text);
    const nowMs = Date.now() + clockOffsetMs;
    this.set({ streamMs, dataNowMs: dataNow(hello?.is_live ?? false, streamMs, nowMs) });
  }

  /** Let live data age also while the service tells nothing. */
  private growOlder(): void {
    const isTold = Date.now() - this.toldTimeMs < AGE_MS;
    if (this.latest.hello?.is_live && !isTold) this.setTime(null);
  }

  /** What could not be loaded while the service was in trouble is loaded once it is well. */
  private setService(service: ServiceState): void {
    const wasIll = this.latest.service !== null && this.latest.service.status !== "ready";
    this.set({ service });
    if (wasIll && service.status === "ready" && this.reading.hasFailed) this.reading.start();
  }

  private greet(hello: Hello): void {
    // whole windows follow, and after a restart perhaps of earlier times, which the old ones would hide
    this.buffers.clear();
    this.frames += 1;
    this.set({ hello, clockOffsetMs: Date.parse(hello.server_time) - Date.now() });
    this.hearTime(hello.stream_time);
    this.reading.start(); // also what was missed while away
    for (const one of this.followers) one.onHello();
  }

  private hearTime(text: string | null): void {
    this.toldTimeMs = Date.now();
    this.setTime(text);
  }

  private takeEvent(event: EventSummary): void {
    const { events, eventCount } = this.latest;
    this.set({
      events: mergeEvents(events, [event]),
      eventCount: eventCount === null ? null : eventCount + countNew(events, [event]),
    });
    for (const one of this.followers) one.onEvent(event);
  }

  private onText(message: LiveMessage): void {
    switch (message.type) {
      case "hello":
        return this.greet(message.data);
      case "time":
        return this.hearTime(message.data.stream_time);
      case "state":
        return this.setService(message.data);
      case "traces":
        return this.set({ traces: message.data });
      case "event":
        return this.takeEvent(message.data);
      case "pick":
        return this.set({ picks: mergePicks(this.latest.picks, [message.data]) });
      case "health":
        return this.set({ health: message.data });
      case "error":
        return this.set({ problem: sayError(message.error.code, message.error.message, []) });
      default:
        return undefined; // alerts are read with their event
    }
  }
}

function wordsOf(error: unknown): string {
  if (error instanceof ApiError && error.status === 401) return messages.status.unauthorised;
  return problemOf(error);
}

function mergeEvents(known: EventSummary[], news: EventSummary[]): EventSummary[] {
  return newestVersions(known, news, (event) => event.event_id).slice(0, MOST_EVENTS);
}

/** How many of these are told for the first time; a later version is of an event that was counted before. */
function countNew(known: EventSummary[], news: EventSummary[]): number {
  const ids = new Set(known.map((event) => event.event_id));
  return news.filter((event) => event.kind === "new" && !ids.has(event.event_id)).length;
}

function mergePicks(known: LivePick[], news: LivePick[]): LivePick[] {
  return newestVersions(known, news, (pick) => pick.pick_id).slice(0, MOST_PICKS);
}

export const live = new LiveStore();

/** Return a part of the snapshot, and render anew when it changes. */
export function useLive<K extends keyof Snapshot>(part: K): Snapshot[K] {
  return useSyncExternalStore(live.listen, () => live.current()[part]);
}
