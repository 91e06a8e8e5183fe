/** The live traces: which are shown, over which time, and the rows themselves. */

import "./traces.css";

import { useCallback, useEffect, useMemo, useRef, useState, type KeyboardEvent } from "react";

import type { LivePick } from "../api/types";
import { live, useLive } from "../live/liveStore";
import { messages } from "../messages";
import { useIsDark, useWidth } from "../ui/hooks";
import { traceColours } from "./colours";
import { useCurrentRow } from "./currentRow";
import { listenToGestures } from "./gestures";
import { distances, ordered, type Order } from "./order";
import { Painter } from "./painter";
import { PastTraces } from "./pastTraces";
import { TimeAxis } from "./rowChart";
import { chooseChannels, stationOf, withCurves } from "./selection";
import { amplified, panned, zoomed } from "./timeView";
import { STEPS, TraceControls, useTraceKeys, useView, type StepName } from "./TraceControls";
import { TraceRow } from "./TraceRow";

const text = messages.traces;
/** A scroll or a zoom settles before other traces are asked for. */
const SETTLE_MS = 250;
/** Room for the names; the same as in the style sheet. */
const NAME_PX = 112;
/** What the service keeps of each trace, seconds. */
const BOARD_S = 120;
const MOST_PIXELS = 3600;

export function TracePanel() {
  const traces = useLive("traces");
  const [showAll, setShowAll] = useState(false);
  const [find, setFind] = useState("");
  const [order, setOrder] = useState<Order>("name");
  const far = useDistances();
  const channels = useMemo(
    () => ordered(chooseChannels(traces, showAll, find), order, far),
    [traces, showAll, find, order, far],
  );
  const all = useMemo(() => chooseChannels(traces, true, ""), [traces]);
  const [painter, past] = usePainter();
  const { visible, observe } = useVisible();
  const [list, width] = useWidth<HTMLUListElement>();
  const chartWidth = Math.max(0, Math.floor(width - NAME_PX));
  const lengthMs = useView(painter, null).lengthMs;
  useSubscription(channels, visible, traces, lengthMs, chartWidth);
  const picks = usePicksByStation();
  const isDark = useIsDark();
  const { current, reachable, onRow, obey } = useCurrentRow(channels);
  useTraceKeys(painter, current, onRow);
  const scroll = useGestures(painter);

  return (
    <section className="panel traces" aria-labelledby="traces-title">
      <TraceControls
        painter={painter}
        chosen={{ showAll, setShowAll, find, setFind, order, setOrder, count: text.count(channels.length, all.length) }}
      />
      <TraceLegend />
      {channels.length === 0 && (
        <p className="empty">{traces.length === 0 ? text.noTraces : text.noMatch}</p>
      )}
      <div
        className="trace-scroll"
        tabIndex={0}
        role="group"
        aria-label={text.title}
        aria-describedby="traces-help"
        hidden={channels.length === 0}
        ref={scroll}
        onKeyDown={(event) => obey(event) || obeyArrows(event, painter, current)}
      >
        <Axis painter={painter} width={chartWidth} isDark={isDark} />
        <ul className="trace-list" ref={list}>
          {channels.map((id) => (
            <TraceRow
              key={id}
              traceId={id}
              isVisible={visible.has(id)}
              isCurrent={id === current}
              isReachable={id === reachable}
              picks={picks.get(stationOf(id)) ?? NO_PICKS}
              distance={order === "distance" ? (far.get(stationOf(id)) ?? null) : null}
              painter={painter}
              past={past}
              width={chartWidth}
              height={rowHeight(channels.length)}
              isDark={isDark}
              observe={observe}
            />
          ))}
        </ul>
      </div>
      <p className="muted note" id="traces-help">
        {text.help}
      </p>
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
      <span className="key noise">{text.legendNoise}</span>
      <span className="muted">{text.legendBand}</span>
    </p>
  );
}

function Axis({ painter, width, isDark }: { painter: Painter; width: number; isDark: boolean }) {
  const holder = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (holder.current === null || width === 0) return undefined;
    const axis = new TimeAxis(holder.current, traceColours(), width);
    const end = painter.add(null, ({ startMs, endMs }) => axis.draw(startMs / 1000, endMs / 1000));
    return () => {
      end();
      axis.destroy();
    };
  }, [painter, width, isDark]);
  return (
    <div className="trace-axis">
      <span className="muted">{text.timeAxis}</span>
      <div ref={holder} aria-hidden="true" className="trace-chart" />
    </div>
  );
}

const ARROWS: Record<string, StepName> = {
  ArrowLeft: "earlier",
  ArrowRight: "later",
  "Shift+ArrowUp": "higher",
  "Shift+ArrowDown": "lower",
  "Shift+ArrowLeft": "wider",
  "Shift+ArrowRight": "closer",
  End: "live",
};

/** Arrows move the time while the focus is on the rows; up and down alone scroll them, or go from one to another. */
function obeyArrows(event: KeyboardEvent, painter: Painter, current: string | null): void {
  if (event.ctrlKey || event.altKey || event.metaKey) return;
  const name = ARROWS[event.shiftKey ? `Shift+${event.key}` : event.key];
  if (name === undefined) return;
  event.preventDefault();
  painter.change(current, STEPS[name]);
}

function usePainter(): [Painter, PastTraces] {
  const [made] = useState(() => {
    const painter = new Painter();
    return [painter, new PastTraces(() => painter.touch())] as [Painter, PastTraces];
  });
  useEffect(() => {
    const [painter, past] = made;
    painter.start();
    return () => {
      painter.stop();
      past.stop();
    };
  }, [made]);
  return made;
}

function useGestures(painter: Painter): (element: HTMLDivElement | null) => void {
  const end = useRef<(() => void) | null>(null);
  return useCallback(
    (element: HTMLDivElement | null) => {
      end.current?.();
      end.current = null;
      if (element === null) return;
      end.current = listenToGestures(element, ".trace-chart", {
        onPan: (id, share) => painter.change(id, (view, newest) => panned(view, -share * view.lengthMs, newest)),
        onZoom: (id, factor, share) => painter.change(id, (view, newest) => zoomed(view, factor, share, newest)),
        onAmplify: (id, factor) => painter.change(id, (view) => amplified(view, factor)),
      });
    },
    [painter],
  );
}

function useDistances(): ReadonlyMap<string, number> {
  const stations = useLive("stations");
  const latest = useLive("events").find((event) => event.kind !== "cancel");
  const key = `${latest?.event_id} ${latest?.version}`;
  // the list of events changes far more often than the latest one
  return useMemo(() => distances(stations, latest), [stations, key]);
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
  lengthMs: number,
  width: number,
): void {
  const shown = channels.filter((id) => visible.has(id));
  const wanted = withCurves(shown, traces);
  const key = wanted.join(" ");
  const { seconds, pixels, keepS } = detailOf(lengthMs, width);
  const hasWidth = width > 0;
  useEffect(() => {
    if (!hasWidth) return undefined;
    const timer = setTimeout(
      () => live.subscribe({ traces: key ? key.split(" ") : [], seconds, pixels, keepS }),
      SETTLE_MS,
    );
    return () => clearTimeout(timer);
  }, [key, seconds, pixels, keepS, hasWidth]);
  useEffect(() => () => live.subscribe({ traces: [], seconds: 60, pixels: 400 }), []);
}

/** What to ask for so that a window of a length has a bin a pixel, with some past to move into. */
export function detailOf(lengthMs: number, width: number) {
  const inWindow = width < 500 ? 400 : 800;
  // steps of two, so that a slow zoom asks anew only now and then
  const lengthS = 2 ** Math.ceil(Math.log2(lengthMs / 1000)) * (60 / 64);
  const seconds = Math.min(BOARD_S, Math.max(10, 4 * lengthS));
  const pixels = Math.max(10, Math.min(MOST_PIXELS, Math.round((inWindow * seconds) / lengthS)));
  return { seconds, pixels, keepS: 2 * Math.max(lengthS, BOARD_S) };
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
