/** One channel: its name and state, and its chart while it is in view. */

import { memo, useEffect, useRef, useState, useSyncExternalStore } from "react";

import type { LivePick } from "../api/types";
import { compact, span } from "../format";
import { live } from "../live/liveStore";
import { messages } from "../messages";
import { stationAddress } from "../station/address";
import { traceColours } from "./colours";
import type { Painter } from "./painter";
import type { PastTraces } from "./pastTraces";
import { RowChart } from "./rowChart";
import { rowData } from "./rowData";
import { curveOf, stationOf } from "./selection";

const text = messages.traces;
/** What the service sends of its own accord; what is older is asked for. */
const LIVE_MS = 115_000;

interface Properties {
  traceId: string;
  isVisible: boolean;
  /** Whether keys that mean one row mean this one. */
  isCurrent: boolean;
  /** Whether Tab leads to its link and its lock; to those of the others arrows do. */
  isReachable: boolean;
  picks: LivePick[];
  distance: number | null;
  painter: Painter;
  past: PastTraces;
  width: number;
  height: number;
  isDark: boolean;
  observe: (element: HTMLElement) => () => void;
}

export const TraceRow = memo(function TraceRow(properties: Properties) {
  const { traceId, isVisible, isCurrent, picks, distance, painter, width, height, observe } = properties;
  const tabIndex = properties.isReachable ? 0 : -1;
  const row = useRef<HTMLLIElement>(null);
  const holder = useRef<HTMLDivElement>(null);
  const latestPicks = useRef(picks);
  const [state, setState] = useState({ amplitude: "", behindS: 0 });
  const isLocked = useSyncExternalStore(painter.listen, () => painter.isLocked(traceId));

  useEffect(() => (row.current === null ? undefined : observe(row.current)), [observe]);

  useEffect(() => {
    latestPicks.current = picks;
    painter.touch();
  }, [picks, painter]);

  useEffect(() => {
    if (!isVisible || holder.current === null || width === 0) return undefined;
    return draws(properties, holder.current, latestPicks, setState);
    // what is drawn depends on these alone; picks come by reference
  }, [isVisible, traceId, painter, width, height, properties.isDark]);

  const [station, channel] = [stationOf(traceId), traceId.split(".").slice(2).join(".")];
  return (
    <li
      className={`trace-row${isCurrent ? " current" : ""}${isLocked ? "" : " unlocked"}`}
      ref={row}
      data-trace={traceId}
      style={{ height: height + 1 }}
    >
      <div className="trace-name">
        <a href={stationAddress(station, { traceId })} tabIndex={tabIndex}>
          <strong>{station}</strong>
        </a>
        <span>
          {channel.replace(/^\./, "")}
          <button
            type="button"
            className="lock"
            tabIndex={tabIndex}
            aria-pressed={!isLocked}
            aria-label={text.unlockRow(traceId)}
            title={isLocked ? text.unlock : text.lock}
            onClick={() => painter.toggleLock(traceId)}
          >
            <LockIcon isOpen={!isLocked} />
          </button>
        </span>
        <span className="muted">
          {distance !== null && `${compact(distance)} km `}
          {state.amplitude && text.amplitude(state.amplitude)}
        </span>
        {state.behindS >= 5 && <span className="warn">{text.behind(span(state.behindS))}</span>}
      </div>
      <div
        ref={holder}
        className="trace-chart"
        role="img"
        aria-label={text.rowLabel(traceId, picks.length)}
      />
    </li>
  );
});

/** Draw a row until the returned function is called. */
function draws(
  { traceId, painter, past, width, height }: Properties,
  holder: HTMLElement,
  picks: { current: LivePick[] },
  setState: (step: (before: { amplitude: string; behindS: number }) => { amplitude: string; behindS: number }) => void,
): () => void {
  const chart = new RowChart(holder, traceColours(), { width, height });
  const end = painter.add(traceId, ({ startMs, endMs, gain }) => {
    const trace = live.buffers.get(traceId);
    if (trace === undefined) return;
    const [p, s] = (["P", "S"] as const).map((phase) => live.buffers.get(curveOf(traceId, phase)));
    const newestMs = trace.endMs ?? endMs;
    const reaches = startMs >= (trace.startMs ?? newestMs) || startMs >= newestMs - LIVE_MS;
    const older = reaches && trace.startMs !== null && trace.startMs <= endMs ? undefined : past.of(traceId, startMs, endMs);
    const data = rowData({ trace, p, s, past: older }, startMs, endMs);
    const inView = picks.current.filter((pick) => {
      const timeMs = Date.parse(pick.time);
      return timeMs >= startMs && timeMs <= endMs;
    });
    chart.draw(data, startMs / 1000, endMs / 1000, inView, gain);
    const amplitude = compact(data.amplitude / gain);
    const behindS = Math.max(0, Math.round((painter.newest() ?? newestMs) - newestMs) / 1000);
    const whole = Math.round(behindS);
    setState((before) =>
      before.amplitude === amplitude && before.behindS === whole ? before : { amplitude, behindS: whole },
    );
  });
  return () => {
    end();
    chart.destroy();
  };
}

function LockIcon({ isOpen }: { isOpen: boolean }) {
  return (
    <svg viewBox="0 0 12 14" width="10" height="12" aria-hidden="true">
      <rect x="1" y="6" width="10" height="7" rx="1.5" fill="currentcolor" />
      <path
        d={isOpen ? "M3 6V4a2.6 2.6 0 0 1 5-1" : "M3 6V4a3 3 0 0 1 6 0v2"}
        fill="none"
        stroke="currentcolor"
        strokeWidth="1.6"
      />
    </svg>
  );
}
