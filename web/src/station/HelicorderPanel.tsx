/** Hours of one channel, a line each; a line chosen is shown above. */

import { useEffect, useMemo, useRef, useState, type KeyboardEvent, type MouseEvent } from "react";

import { compact, span, utc } from "../format";
import { useLive } from "../live/liveStore";
import { messages } from "../messages";
import { traceColours } from "../traces/colours";
import { useIsDark, useRequest, useWidth } from "../ui/hooks";
import { HOURS, LINES_MIN } from "./address";
import { helicorder, picksOf } from "./client";
import { drawHelicorder, LEFT_PX, type Marks, type Span } from "./drawing";
import { helicorderSpan, linesOf, usualAmplitude, type Line } from "./lines";
import { endAt, type PlaceProperties } from "./PlaceControls";
import { marksIn } from "./RecordPanel";
import { Words } from "../told/Words";

const text = messages.station;
const LINE_PX = 26;
/** A line that grows is read anew this often. */
const EVERY_MS = 10_000;
/** More lines of fewer minutes would be too many bins. */
const PIXELS = 700;

type Properties = PlaceProperties & { code: string };

export function HelicorderPanel(properties: Properties) {
  const { code, traceId, place, change, newestMs } = properties;
  const windowEndMs = place.endMs ?? newestMs;
  const asOfMs = Math.ceil(newestMs / EVERY_MS) * EVERY_MS;
  const { startMs, endMs } = helicorderSpan(asOfMs, windowEndMs, place.hours, place.lineMin);
  const isGrowing = endMs > asOfMs - 60_000 * place.lineMin && place.endMs === null;
  // bins and picks carry their times, so those of the span before may stay; those of another channel may not
  const key = `${traceId} ${startMs} ${endMs} ${place.lineMin} ${isGrowing ? asOfMs : ""}`;
  const binS = Math.round((60_000 * place.lineMin) / PIXELS) / 1000;
  const told = useRequest((signal) => helicorder(traceId, startMs, endMs, binS, signal), key, traceId);
  const picks = useRequest((signal) => picksOf(code, startMs, endMs, signal), key, traceId).data;
  const events = useLive("events");
  const bins = told.data;
  const lines = useMemo(() => linesOf(bins, startMs, endMs, place.lineMin), [bins, startMs, endMs, place.lineMin]);
  const marks = useMemo(() => marksIn(picks ?? [], events, { startMs, endMs }), [picks, events, startMs, endMs]);
  const shown = { startMs: windowEndMs - 1000 * place.lengthS, endMs: windowEndMs };
  const show = (middleMs: number) => change({ endMs: endAt(Math.round(middleMs + 500 * place.lengthS), newestMs) });
  return (
    <section className="panel" aria-labelledby="helicorder-title">
      <div className="panel-head">
        <h3 id="helicorder-title">{text.helicorder}</h3>
        <Choice label={text.span} values={HOURS} unitS={3600} value={place.hours} onChange={(hours) => change({ hours })} />
        <Choice label={text.line} values={LINES_MIN} unitS={60} value={place.lineMin} onChange={(lineMin) => change({ lineMin })} />
        <span className="muted">{`${utc(startMs).slice(0, 16)} – ${utc(endMs).slice(0, 16)} UTC`}</span>
      </div>
      {told.problem !== null && <p className="warning"><Words text={told.problem} /></p>}
      <Drum {...{ traceId, lines, marks, shown, show, bins }} />
      <p className="muted note">{text.helicorderHelp}</p>
    </section>
  );
}

function Choice<T extends number>({
  label,
  values,
  unitS,
  value,
  onChange,
}: {
  label: string;
  values: readonly T[];
  unitS: number;
  value: number;
  onChange: (value: T) => void;
}) {
  return (
    <label>
      {label}{" "}
      <select value={value} onChange={(event) => onChange(Number(event.target.value) as T)}>
        {values.map((one) => (
          <option key={one} value={one}>
            {span(one * unitS)}
          </option>
        ))}
      </select>
    </label>
  );
}

interface DrumProperties {
  traceId: string;
  lines: Line[];
  marks: Marks;
  shown: Span;
  show: (middleMs: number) => void;
  bins: Parameters<typeof drawHelicorder>[2];
}

function Drum({ traceId, lines, marks, shown, show, bins }: DrumProperties) {
  const [holder, width] = useWidth<HTMLDivElement>();
  const canvas = useRef<HTMLCanvasElement>(null);
  const isDark = useIsDark();
  const [chosen, setChosen] = useState<number | null>(null);
  const at = Math.min(chosen ?? lines.length - 1, lines.length - 1);
  const amplitude = useMemo(() => (bins === null ? 1 : usualAmplitude(bins)), [bins]);
  const [shownStart, shownEnd] = [shown.startMs, shown.endMs];
  useEffect(() => {
    if (canvas.current === null || width === 0) return;
    const size = { width, lineHeight: LINE_PX };
    const window = { startMs: shownStart, endMs: shownEnd };
    drawHelicorder(canvas.current, size, bins, lines, amplitude, window, marks, traceColours());
  }, [width, lines, bins, amplitude, marks, shownStart, shownEnd, isDark]);

  const choose = (event: MouseEvent<HTMLButtonElement>, line: Line, number: number) => {
    setChosen(number);
    const box = event.currentTarget.getBoundingClientRect();
    const share = (event.clientX - box.left - LEFT_PX) / (box.width - LEFT_PX);
    const isPointed = event.detail > 0 && share >= 0;
    show(line.startMs + (isPointed ? share : 0.5) * (line.endMs - line.startMs));
  };
  const move = (event: KeyboardEvent<HTMLElement>) => {
    const steps: Record<string, number> = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: lines.length - 1 };
    const next = steps[event.key];
    if (next === undefined || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    const number = Math.min(lines.length - 1, Math.max(0, next));
    setChosen(number);
    event.currentTarget.querySelectorAll<HTMLElement>("button")[number]?.focus();
  };
  return (
    <div className="drum" ref={holder} role="group" aria-label={`${text.helicorder} ${traceId}`} data-loaded={bins !== null} onKeyDown={move}>
      <canvas ref={canvas} aria-hidden="true" style={{ width: "100%", height: LINE_PX * lines.length }} />
      {lines.map((line, number) => (
        <button
          key={line.startMs}
          type="button"
          style={{ top: number * LINE_PX, height: LINE_PX }}
          tabIndex={number === at ? 0 : -1}
          aria-label={labelOf(line, marks)}
          data-empty={line.centre === null}
          onClick={(event) => choose(event, line, number)}
        />
      ))}
    </div>
  );
}

function labelOf(line: Line, { picks, events }: Marks): string {
  const [from, to] = [line.startMs, line.endMs].map((timeMs) => utc(timeMs).slice(0, 16)) as [string, string];
  if (line.centre === null) return text.lineEmpty(from, to);
  const isInside = ({ time }: { time: string }) => Date.parse(time) >= line.startMs && Date.parse(time) < line.endMs;
  const peak = `${compact(line.peak)} ${text.counts}`;
  return text.lineLabel(from, to, peak, picks.filter(isInside).length, events.filter(isInside).length);
}
