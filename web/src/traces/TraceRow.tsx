/** One channel: its name and state, and its chart while it is in view. */

import { useEffect, useRef, useState } from "react";

import type { LivePick } from "../api/types";
import { compact, span } from "../format";
import { live } from "../live/liveStore";
import { messages } from "../messages";
import { traceColours } from "./colours";
import type { Painter } from "./painter";
import { RowChart } from "./rowChart";
import { rowData } from "./rowData";
import { curveOf, stationOf } from "./selection";

interface Properties {
  traceId: string;
  isVisible: boolean;
  picks: LivePick[];
  painter: Painter;
  width: number;
  height: number;
  isDark: boolean;
  observe: (element: HTMLElement) => () => void;
}

export function TraceRow({ traceId, isVisible, picks, painter, width, height, isDark, observe }: Properties) {
  const row = useRef<HTMLLIElement>(null);
  const holder = useRef<HTMLDivElement>(null);
  const chart = useRef<RowChart | null>(null);
  const latestPicks = useRef(picks);
  const [state, setState] = useState({ amplitude: "", behindS: 0 });

  useEffect(() => (row.current === null ? undefined : observe(row.current)), [observe]);

  useEffect(() => {
    latestPicks.current = picks;
    painter.touch();
  }, [picks, painter]);

  useEffect(() => {
    if (!isVisible || holder.current === null || width === 0) return undefined;
    const made = new RowChart(holder.current, traceColours(), { width, height });
    chart.current = made;
    const end = painter.add(({ startMs, endMs }) => {
      const trace = live.buffers.get(traceId);
      if (trace === undefined) return;
      const [p, s] = (["P", "S"] as const).map((phase) => live.buffers.get(curveOf(traceId, phase)));
      const data = rowData(trace, p, s, startMs, endMs);
      const inView = latestPicks.current.filter((pick) => {
        const timeMs = Date.parse(pick.time);
        return timeMs >= startMs && timeMs <= endMs;
      });
      made.draw(data, startMs / 1000, endMs / 1000, inView);
      const amplitude = compact(data.amplitude);
      const behindS = Math.round((endMs - (trace.endMs ?? endMs)) / 1000);
      setState((before) =>
        before.amplitude === amplitude && before.behindS === behindS
          ? before
          : { amplitude, behindS },
      );
    });
    return () => {
      end();
      made.destroy();
      chart.current = null;
    };
  }, [isVisible, traceId, painter, width, height, isDark]);

  const [station, channel] = [stationOf(traceId), traceId.split(".").slice(2).join(".")];
  return (
    <li className="trace-row" ref={row} data-trace={traceId} style={{ height: height + 1 }}>
      <div className="trace-name">
        <strong>{station}</strong>
        <span>{channel.replace(/^\./, "")}</span>
        <span className="muted">{state.amplitude && messages.traces.amplitude(state.amplitude)}</span>
        {state.behindS >= 5 && (
          <span className="warn">{messages.traces.behind(span(state.behindS))}</span>
        )}
      </div>
      <div
        ref={holder}
        className="trace-chart"
        role="img"
        aria-label={messages.traces.rowLabel(traceId, picks.length)}
      />
    </li>
  );
}
