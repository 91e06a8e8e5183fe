/** Records of the stations by distance, with expected and picked arrivals that may be moved. */

import { useMemo, useRef, useState, type PointerEvent } from "react";

import type { EventDetail } from "../api/types";
import { messages } from "../messages";
import { reviewApi, type Component, type EventRecords } from "../review/client";
import { begin, codeOf, type Change, type EditPick, type Phase } from "../review/edit";
import { useRequest, useWidth } from "../ui/hooks";
import { levelOf, recordPath, ticksOf } from "./plotting";
import { PickMark } from "./PickMark";
import { placed, type Frame, type Row } from "./recordFrame";
import { SectionTools, type Look } from "./SectionTools";
import "./event.css";
import { Failed } from "../told/Words";

const text = messages.eventPage;
const LEAST_LENGTH_S = 1;
const MOST_LENGTH_S = 600;
const LEAST_DRAG_PX = 8;
/** Nothing is asked while the plot has no width; what was answered before stays. */
const NEVER = new Promise<EventRecords>(() => undefined);

export interface Editing {
  picks: EditPick[];
  newPhase: Phase;
  onChange: (change: Change) => void;
}

interface Properties {
  event: EventDetail;
  editing: Editing | null;
}

/** The time that shows all picks and what follows the last one. */
function wholeOf(event: EventDetail): [fromS: number, lengthS: number] {
  const originMs = Date.parse(event.time);
  const last = Math.max(5, ...event.arrivals.map((one) => (Date.parse(one.time) - originMs) / 1000));
  const fromS = -Math.max(1, 0.1 * last);
  return [fromS, Math.min(MOST_LENGTH_S, 1.5 * last + 3)];
}

export function RecordSection({ event, editing }: Properties) {
  const whole = useMemo(() => wholeOf(event), [event]);
  const [time, setTime] = useState(whole);
  const [look, setLook] = useState<Look>({ component: "Z", gain: 1, isCommon: false, isTrue: false });
  const [attach, width] = useWidth<HTMLDivElement>();
  const pixels = Math.max(100, Math.min(1500, Math.round((width - 150) / 20) * 20));
  const [fromS, lengthS] = time;
  const query = { component: look.component as Component, from_s: fromS, length_s: lengthS, pixels };
  const key = width === 0 ? "" : `${event.event_id} ${event.version} ${JSON.stringify(query)}`;
  const { data, problem } = useRequest(
    (signal) =>
      key === "" ? NEVER : reviewApi.records(event.event_id, event.version, query, signal),
    key,
  );
  const zoom = (factor: number, shift = 0) => {
    const length = Math.min(MOST_LENGTH_S, Math.max(LEAST_LENGTH_S, lengthS * factor));
    const start = fromS + (lengthS - length) / 2 + shift * lengthS;
    setTime([Math.max(-600, Math.min(3000, start)), length]);
  };
  return (
    <section className="panel record-section" aria-labelledby="records-title">
      <h3 id="records-title">{text.records}</h3>
      <SectionTools look={look} onLook={setLook} onZoom={zoom} onWhole={() => setTime(whole)} />
      <div ref={attach} className="record-plot">
        {problem !== null && <Failed problem={problem} />}
        {data !== null && width > 0 && (
          <Plot
            event={event}
            records={data}
            look={look}
            frame={{ width, fromS, lengthS }}
            editing={editing}
            onTime={(from, to) => setTime([from, Math.max(LEAST_LENGTH_S, to - from)])}
          />
        )}
      </div>
      <p className="muted note">
        <span className="mark-expected" aria-hidden="true" /> {text.expected}{" "}
        <span className="mark-picked" aria-hidden="true" /> {text.picked} · {text.zoomHint}
      </p>
    </section>
  );
}

interface PlotProperties {
  event: EventDetail;
  records: EventRecords;
  look: Look;
  frame: { width: number; fromS: number; lengthS: number };
  editing: Editing | null;
  onTime: (fromS: number, toS: number) => void;
}

function Plot({ event, records, look, frame: wanted, editing, onTime }: PlotProperties) {
  const frame = placed(records, wanted, look.isTrue);
  const originMs = Date.parse(records.origin_time);
  const shown = useMemo(() => begin(event.arrivals).picks, [event]);
  const picks = editing?.picks ?? shown;
  const levels = frame.rows.map((row) => (row.one.record === null ? null : levelOf(row.one.record)));
  const most = Math.max(0, ...levels.map((one) => one?.reach ?? 0));
  const svg = useRef<SVGSVGElement>(null);
  const [drag, setDrag] = useState<[number, number] | null>(null);
  const secondsAt = (clientX: number) =>
    frame.secondsOf(clientX - (svg.current?.getBoundingClientRect().left ?? 0));
  const start = (pointer: PointerEvent) => {
    if (pointer.button !== 0) return;
    pointer.currentTarget.setPointerCapture(pointer.pointerId);
    setDrag([pointer.clientX, pointer.clientX]);
  };
  const end = () => {
    if (drag !== null && Math.abs(drag[1] - drag[0]) >= LEAST_DRAG_PX) {
      const [a, b] = drag.map(secondsAt) as [number, number];
      onTime(Math.min(a, b), Math.max(a, b));
    }
    setDrag(null);
  };
  const add = (clientX: number, clientY: number) => {
    if (editing === null || svg.current === null) return;
    const y = clientY - svg.current.getBoundingClientRect().top;
    const row = frame.nearest(y);
    if (row === null) return;
    const timeMs = originMs + secondsAt(clientX) * 1000;
    const { network, station } = row.one;
    editing.onChange({ kind: "add", network, station, phase: editing.newPhase, timeMs });
  };
  const isEmpty = levels.every((one) => one === null);
  return (
    <>
      {isEmpty && <p className="empty">{text.noRecords}</p>}
      <svg
        ref={svg}
        width={frame.width}
        height={frame.height}
        role={editing === null ? "img" : "group"}
        aria-label={text.recordsLabel(frame.rows.length)}
      >
        <TimeAxis frame={frame} />
        <rect
          className="record-ground"
          x={frame.left}
          y={0}
          width={frame.width - frame.left}
          height={frame.bottom}
          onPointerDown={start}
          onPointerMove={(one) => drag !== null && setDrag([drag[0], one.clientX])}
          onPointerUp={end}
          onDoubleClick={(one) => add(one.clientX, one.clientY)}
        />
        {frame.rows.map((row, index) => (
          <Record
            key={codeOf(row.one)}
            row={row}
            frame={frame}
            originMs={originMs}
            level={levels[index] ?? null}
            reach={look.isCommon ? most : (levels[index]?.reach ?? 1)}
            gain={look.gain}
          />
        ))}
        {picks.map((pick) => {
          const row = frame.rows.find((one) => codeOf(one.one) === codeOf(pick));
          return row === undefined ? null : (
            <PickMark
              key={pick.id}
              pick={pick}
              y={row.y}
              half={frame.half}
              frame={frame}
              originMs={originMs}
              onChange={editing?.onChange ?? null}
              secondsAt={secondsAt}
            />
          );
        })}
        {drag !== null && <Chosen drag={drag} svg={svg.current} frame={frame} />}
      </svg>
    </>
  );
}

function Chosen({ drag, svg, frame }: { drag: [number, number]; svg: SVGSVGElement | null; frame: Frame }) {
  const left = svg?.getBoundingClientRect().left ?? 0;
  const [low, high] = [Math.min(...drag) - left, Math.max(...drag) - left];
  return <rect className="record-chosen" x={low} y={0} width={high - low} height={frame.bottom} />;
}

function TimeAxis({ frame }: { frame: Frame }) {
  const ticks = ticksOf(frame.fromS, frame.fromS + frame.lengthS, frame.width > 600 ? 8 : 4);
  return (
    <g className="axis">
      {ticks.map((one) => (
        <g key={one}>
          <line x1={frame.xOf(one)} x2={frame.xOf(one)} y1={0} y2={frame.bottom + 4} />
          <text x={frame.xOf(one)} y={frame.bottom + 16} textAnchor="middle">
            {one}
          </text>
        </g>
      ))}
      <text x={(frame.left + frame.width) / 2} y={frame.height - 4} textAnchor="middle">
        {text.afterOrigin}
      </text>
    </g>
  );
}

interface RecordProperties {
  row: Row;
  frame: Frame;
  originMs: number;
  level: { middle: number; reach: number } | null;
  reach: number;
  gain: number;
}

function Record({ row, frame, originMs, level, reach, gain }: RecordProperties) {
  const { one, y } = row;
  const expected = [
    ["P", one.p_s],
    ["S", one.s_s],
  ] as const;
  const size = (frame.half * gain) / (reach || 1);
  return (
    <g className="record" data-station={codeOf(one)} pointerEvents="none">
      <text x={4} y={y - 2}>
        {one.station}
      </text>
      <text x={4} y={y + 11} className="quiet">
        {`${one.distance_km.toFixed(1)} km`}
      </text>
      {one.record !== null && level !== null ? (
        <path
          d={recordPath(
            one.record,
            (ms) => frame.xOf((ms - originMs) / 1000),
            (value) => y - Math.max(-1.6, Math.min(1.6, ((value - level.middle) * size) / frame.half)) * frame.half,
          )}
        />
      ) : (
        <text x={frame.left + 8} y={y + 4} className="quiet">
          {text.noRecord}
        </text>
      )}
      {expected.map(
        ([phase, seconds]) =>
          seconds !== null &&
          frame.isInside(seconds) && (
            <line
              key={phase}
              className={`expected expected-${phase}`}
              x1={frame.xOf(seconds)}
              x2={frame.xOf(seconds)}
              y1={y - frame.half}
              y2={y + frame.half}
            />
          ),
      )}
    </g>
  );
}
