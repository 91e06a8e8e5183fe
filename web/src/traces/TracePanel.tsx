/** The live traces: which are shown, how long a window, and the rows themselves. */

import { useCallback, useEffect, useMemo, useRef, useState } from "react";

import type { LivePick } from "../api/types";
import { live, useLive } from "../live/liveStore";
import { messages } from "../messages";
import { useIsDark, useWidth } from "../ui/hooks";
import { useShortcut } from "../ui/shortcuts";
import { traceColours } from "./colours";
import { Painter } from "./painter";
import { TimeAxis } from "./rowChart";
import { chooseChannels, stationOf, withCurves } from "./selection";
import { TraceRow } from "./TraceRow";

const text = messages.traces;
const MINUTES = [1, 2] as const;
/** A scroll settles before other traces are asked for. */
const SETTLE_MS = 250;
/** Room for the names; the same as in the style sheet. */
const NAME_PX = 112;

export function TracePanel() {
  const traces = useLive("traces");
  const [minutes, setMinutes] = useState<number>(MINUTES[0]);
  const [isPaused, setPaused] = useState(false);
  const [showAll, setShowAll] = useState(false);
  const [find, setFind] = useState("");
  const channels = useMemo(() => chooseChannels(traces, showAll, find), [traces, showAll, find]);
  const all = useMemo(() => chooseChannels(traces, true, ""), [traces]);

  const painter = usePainter(minutes, isPaused);
  const { visible, observe } = useVisible();
  const [list, width] = useWidth<HTMLUListElement>();
  const chartWidth = Math.max(0, Math.floor(width - NAME_PX));
  useSubscription(channels, visible, traces, minutes, chartWidth);
  const picks = usePicksByStation();
  const isDark = useIsDark();
  const pause = () => setPaused((before) => !before);
  useShortcut({ keys: "p", group: text.title, text: text.pauseKey, run: pause });

  return (
    <section className="panel traces" aria-labelledby="traces-title">
      <div className="panel-head">
        <h2 id="traces-title">{text.title}</h2>
        <label>
          {text.window}{" "}
          <select value={minutes} onChange={(event) => setMinutes(Number(event.target.value))}>
            {MINUTES.map((one) => (
              <option key={one} value={one}>
                {text.minutes(one)}
              </option>
            ))}
          </select>
        </label>
        <label>
          {text.show}{" "}
          <select
            value={showAll ? "all" : "vertical"}
            onChange={(event) => setShowAll(event.target.value === "all")}
          >
            <option value="vertical">{text.vertical}</option>
            <option value="all">{text.all}</option>
          </select>
        </label>
        <label>
          {text.find}{" "}
          <input
            type="search"
            size={9}
            placeholder={text.findExample}
            value={find}
            onChange={(event) => setFind(event.target.value)}
          />
        </label>
        <button type="button" aria-pressed={isPaused} onClick={pause}>
          {isPaused ? text.resume : text.pause}
        </button>
        <span className="muted">{text.count(channels.length, all.length)}</span>
      </div>
      <TraceLegend />
      {channels.length === 0 && (
        <p className="empty">{traces.length === 0 ? text.noTraces : text.noMatch}</p>
      )}
      <div
        className="trace-scroll"
        tabIndex={0}
        role="group"
        aria-label={text.title}
        hidden={channels.length === 0}
      >
        <Axis painter={painter} width={chartWidth} isDark={isDark} />
        <ul className="trace-list" ref={list}>
          {channels.map((id) => (
            <TraceRow
              key={id}
              traceId={id}
              isVisible={visible.has(id)}
              picks={picks.get(stationOf(id)) ?? NO_PICKS}
              painter={painter}
              width={chartWidth}
              height={rowHeight(channels.length)}
              isDark={isDark}
              observe={observe}
            />
          ))}
        </ul>
      </div>
    </section>
  );
}

/** Few rows share the room that many would take. */
const rowHeight = (count: number): number => (count <= 4 ? 116 : count <= 8 ? 84 : 64);

const NO_PICKS: LivePick[] = [];

function TraceLegend() {
  return (
    <p className="trace-legend">
      <span className="key p">{text.legendP}</span>
      <span className="key s">{text.legendS}</span>
      <span className="muted">{text.legendBand}</span>
    </p>
  );
}

function Axis({ painter, width, isDark }: { painter: Painter; width: number; isDark: boolean }) {
  const holder = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (holder.current === null || width === 0) return undefined;
    const axis = new TimeAxis(holder.current, traceColours(), width);
    const end = painter.add(({ startMs, endMs }) => axis.draw(startMs / 1000, endMs / 1000));
    return () => {
      end();
      axis.destroy();
    };
  }, [painter, width, isDark]);
  return (
    <div className="trace-axis">
      <span className="muted">{text.timeAxis}</span>
      <div ref={holder} aria-hidden="true" />
    </div>
  );
}

function usePainter(minutes: number, isPaused: boolean): Painter {
  const [painter] = useState(() => new Painter());
  useEffect(() => {
    painter.start();
    return () => painter.stop();
  }, [painter]);
  useEffect(() => {
    painter.windowMs = minutes * 60_000;
    painter.touch();
  }, [painter, minutes]);
  useEffect(() => painter.pause(isPaused), [painter, isPaused]);
  return painter;
}

/** Which rows are in view; rows far outside are neither drawn nor asked for. */
function useVisible() {
  const [visible, setVisible] = useState<ReadonlySet<string>>(new Set());
  const observer = useRef<IntersectionObserver | null>(null);
  const observe = useCallback((element: HTMLElement) => {
    observer.current ??= new IntersectionObserver(
      (entries) =>
        setVisible((before) => {
          const after = new Set(before);
          for (const entry of entries) {
            const id = (entry.target as HTMLElement).dataset["trace"] ?? "";
            if (entry.isIntersecting) after.add(id);
            else after.delete(id);
          }
          return after;
        }),
      { rootMargin: "100px" },
    );
    const watching = observer.current;
    watching.observe(element);
    return () => {
      watching.unobserve(element);
      const id = element.dataset["trace"] ?? "";
      setVisible((before) => new Set([...before].filter((one) => one !== id)));
    };
  }, []);
  return { visible, observe };
}

function useSubscription(
  channels: string[],
  visible: ReadonlySet<string>,
  traces: string[],
  minutes: number,
  width: number,
): void {
  const shown = channels.filter((id) => visible.has(id));
  const wanted = withCurves(shown, traces);
  const key = wanted.join(" ");
  const pixels = width < 500 ? 400 : 800; // bins of 75 or 150 ms in a minute
  const hasWidth = width > 0;
  useEffect(() => {
    if (!hasWidth) return undefined;
    const timer = setTimeout(
      () => live.subscribe({ traces: key ? key.split(" ") : [], seconds: 60 * minutes, pixels }),
      SETTLE_MS,
    );
    return () => clearTimeout(timer);
  }, [key, minutes, pixels, hasWidth]);
  useEffect(() => () => live.subscribe({ traces: [], seconds: 60, pixels: 400 }), []);
}

function usePicksByStation(): Map<string, LivePick[]> {
  const picks = useLive("picks");
  return useMemo(() => {
    const byStation = new Map<string, LivePick[]>();
    for (const pick of picks) {
      if (pick.kind === "cancel") continue;
      const code = `${pick.network}.${pick.station}`;
      byStation.set(code, [...(byStation.get(code) ?? []), pick]);
    }
    return byStation;
  }, [picks]);
}
