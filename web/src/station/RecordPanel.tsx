/** The shown window: the record, its spectrogram, picks and events, and downloads of it. */

import { useEffect, useMemo, useRef, useState } from "react";

import type { EventSummary, LivePick } from "../api/types";
import { compact, span as spanText, utc } from "../format";
import { useLive } from "../live/liveStore";
import { messages } from "../messages";
import { traceColours } from "../traces/colours";
import { listenToGestures } from "../traces/gestures";
import { useIsDark, useRequest, useWidth } from "../ui/hooks";
import { helicorder, picksOf, spectrogram, type Spectrogram } from "./client";
import { ColourBar } from "./ColourBar";
import { drawRecord, drawSpectrogram, LEFT_PX, levels, type Marks, type Span } from "./drawing";
import { moved, resized, type PlaceProperties } from "./PlaceControls";
import { useSettled } from "./usePlace";
import { WindowDownloads } from "./WindowDownloads";
import { WindowPicks } from "./WindowPicks";
import { Words } from "../told/Words";

const text = messages.station;
const SETTLE_MS = 120;
const RECORD_PX = 150;
const SPECTROGRAM_PX = 240;
/** Zoom by wheel or fingers goes on to the next length after this factor. */
const NOTCH = 1.6;
const WINDOWS_S = [1.28, 2.56, 5.12, 10.24, 20.48] as const;

type Properties = PlaceProperties & { code: string };

export function RecordPanel(properties: Properties) {
  const { traceId, place, change, newestMs } = properties;
  const [windowS, setWindowS] = useState<number>(2.56);
  const endMs = place.endMs ?? newestMs;
  const shown = useMemo(() => ({ startMs: endMs - 1000 * place.lengthS, endMs }), [endMs, place.lengthS]);
  const told = useWindow(properties, shown, windowS);
  const marks = useMarks(told.picks, shown);
  return (
    <section className="panel" aria-labelledby="record-title">
      <div className="panel-head">
        <h3 id="record-title">{text.record}</h3>
        <label>
          {text.scale}{" "}
          <select value={place.scale} onChange={(event) => change({ scale: event.target.value as "linear" | "log" })}>
            <option value="linear">{text.scales.linear}</option>
            <option value="log">{text.scales.log}</option>
          </select>
        </label>
        <label>
          {text.resolution}{" "}
          <select value={windowS} onChange={(event) => setWindowS(Number(event.target.value))}>
            {WINDOWS_S.map((one) => (
              <option key={one} value={one}>
                {`${one} s`}
              </option>
            ))}
          </select>
        </label>
        {told.spectrogram !== null && <ColourBar told={told.spectrogram} />}
      </div>
      {told.problem !== null && <p className="warning"><Words text={told.problem} /></p>}
      <Pictures {...{ properties, told, shown, marks }} />
      <p className="muted note">{text.marks}</p>
      <WindowDownloads traceId={traceId} shown={shown} />
      <WindowPicks picks={marks.picks} />
    </section>
  );
}

type Told = ReturnType<typeof useWindow>;

function useWindow({ code, traceId, place, newestMs }: Properties, shown: Span, windowS: number) {
  const live = place.endMs === null ? newestMs : null;
  const key = `${traceId} ${shown.startMs} ${shown.endMs} ${place.scale} ${windowS}`;
  const { settled, asked } = useSettled({ settled: shown, asked: key }, key, live === null ? SETTLE_MS : 0);
  const columns = 600;
  const bins = useKept(
    useRequest(
      (signal) =>
        helicorder(traceId, settled.startMs, settled.endMs, Math.max(0.01, Math.round(place.lengthS) / 1000), signal),
      asked,
    ),
    traceId,
  );
  const picture = useKept(
    useRequest(
      (signal) => spectrogram({ traceId, ...settled, columns, windowS, scale: place.scale }, signal),
      asked,
    ),
    traceId,
  );
  const picks = useKept(
    useRequest((signal) => picksOf(code, settled.startMs, settled.endMs, signal), asked),
    code,
  );
  return {
    bins: bins.data,
    spectrogram: picture.data,
    picks: picks.data,
    problem: bins.problem ?? picture.problem ?? picks.problem,
  };
}

/** Keep what was told until more is, but never that of another channel. */
function useKept<T>(told: { data: T | null; problem: string | null }, key: string) {
  const kept = useRef<{ key: string; data: T | null }>({ key, data: null });
  if (kept.current.key !== key) kept.current = { key, data: null };
  const before = useRef(told.data);
  if (told.data !== null && told.data !== before.current) {
    before.current = told.data;
    kept.current = { key, data: told.data };
  }
  return { data: told.problem === null ? kept.current.data : null, problem: told.problem };
}

function useMarks(picks: LivePick[] | null, shown: Span): Marks {
  const events = useLive("events");
  return useMemo(() => marksIn(picks ?? [], events, shown), [picks, events, shown]);
}

export function marksIn(picks: LivePick[], events: EventSummary[], { startMs, endMs }: Span): Marks {
  const isInside = ({ time, kind }: { time: string; kind: string }) =>
    kind !== "cancel" && Date.parse(time) >= startMs && Date.parse(time) <= endMs;
  return { picks: picks.filter(isInside), events: events.filter(isInside) };
}

function Pictures({
  properties,
  told,
  shown,
  marks,
}: {
  properties: Properties;
  told: Told;
  shown: Span;
  marks: Marks;
}) {
  const { traceId } = properties;
  const isDark = useIsDark();
  const [holder, width] = useWidth<HTMLDivElement>();
  const [record, picture] = [useRef<HTMLCanvasElement>(null), useRef<HTMLCanvasElement>(null)];
  const gestures = useWindowGestures(properties);
  useEffect(() => {
    if (width === 0 || record.current === null || picture.current === null) return;
    const colours = traceColours();
    drawRecord(record.current, { width, height: RECORD_PX }, told.bins, shown, marks, colours);
    drawSpectrogram(picture.current, { width, height: SPECTROGRAM_PX }, told.spectrogram, shown, marks, colours);
  }, [width, told.bins, told.spectrogram, shown, marks, isDark, record, picture]);
  const half = levels(told.bins, shown).half;
  const [from, to] = [utc(shown.startMs), utc(shown.endMs)];
  const peak = half > 0 ? `${compact(half)} ${text.counts}` : messages.none;
  return (
    <div ref={gestures} className="station-pictures" data-loaded={told.bins !== null && told.spectrogram !== null}>
      <p className="muted window-times">
        {`${from} – ${to} UTC, ${spanText((shown.endMs - shown.startMs) / 1000)}`}
        {told.bins !== null && half === 0 && ` ${text.noRecord}`}
        {told.bins === null && told.problem === null && ` ${text.reading}`}
      </p>
      <div ref={holder}>
        <canvas
          ref={record}
          className="station-chart record"
          style={{ width: "100%", height: RECORD_PX }}
          role="img"
          aria-label={text.recordLabel(traceId, from, to, marks.picks.length, peak)}
        />
        <canvas
          ref={picture}
          className="station-chart spectrogram"
          style={{ width: "100%", height: SPECTROGRAM_PX }}
          role="img"
          aria-label={spectrogramLabel(traceId, told.spectrogram)}
        />
      </div>
    </div>
  );
}

function spectrogramLabel(traceId: string, told: Spectrogram | null): string {
  const [low, high] = (told?.shown_db ?? []).map((one) => `${one.toFixed(0)} dB`);
  return text.spectrogramLabel(traceId, low ?? "–", high ?? "–");
}

/** Drag moves the window; wheel with Ctrl, or two fingers, make it longer or shorter. */
function useWindowGestures(properties: Properties) {
  const latest = useRef(properties);
  latest.current = properties;
  const holder = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const element = holder.current;
    if (element === null) return undefined;
    let zoom = 1;
    return listenToGestures(element, ".station-chart", {
      onPan: (_, share) => {
        const inside = element.clientWidth / Math.max(1, element.clientWidth - LEFT_PX);
        latest.current.change(moved(latest.current, -share * inside));
      },
      onZoom: (_, factor) => {
        zoom *= factor;
        if (zoom < NOTCH && zoom > 1 / NOTCH) return;
        latest.current.change(resized(latest.current, zoom > 1 ? -1 : 1));
        zoom = 1;
      },
      onAmplify: () => undefined,
    });
  }, []);
  return holder;
}
