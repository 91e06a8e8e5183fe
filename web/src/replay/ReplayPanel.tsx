/** One replay while it runs: its records and picks, its events on a map, and how they compare. */

import { useEffect, useMemo, useRef, useState } from "react";

import { problemOf } from "../api/client";
import type { EventSummary, LivePick } from "../api/types";
import { Allowed } from "../account/permissions";
import { utc } from "../format";
import { EventMap } from "../map/EventMap";
import { messages } from "../messages";
import { say } from "../told/told";
import { Words } from "../told/Words";
import { traceColours } from "../traces/colours";
import { RowChart, TimeAxis } from "../traces/rowChart";
import { keepAsking } from "../ui/asking";
import { eventAddress, useIsDark, useWidth } from "../ui/hooks";
import { useShortcut } from "../ui/shortcuts";
import { problemWith, replays, type Pace, type ReplayDetail, type ReplayTraces } from "./client";
import { eventOf, kindOf, rowsOf, signed, type ReplayRow } from "./content";
import { SpeedChoice, stateText } from "./ReplayView";

const text = messages.replay;
const POLL_MS = 1000;
const MOST_ROWS = 12;
const ROW_PX = 52;
const NO_EVENTS: EventSummary[] = [];

interface Told {
  detail: ReplayDetail;
  traces: ReplayTraces;
  picks: LivePick[];
}

const isOn = ({ state }: ReplayDetail): boolean => state === "running" || state === "paused";

/** Ask once a second while it runs, and tell when it has ended. */
function useReplay(
  replayId: string,
  edition: number,
  onEnded: () => void,
): { told: Told | null; problem: string | null } {
  const [told, setTold] = useState<Told | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const ended = useRef(onEnded);
  ended.current = onEnded;
  useEffect(
    () =>
      keepAsking({
        ask: async (signal) => {
          const detail = await replays.get(replayId, signal);
          const [traces, picks] = await Promise.all([
            replays.traces(replayId, signal),
            replays.picks(replayId, signal),
          ]);
          return { detail, traces, picks };
        },
        restMs: POLL_MS,
        onAnswer: (answer) => {
          setTold(answer);
          setProblem(null);
          if (!isOn(answer.detail)) ended.current();
        },
        onProblem: (error) => setProblem(problemOf(error)),
        isLast: (answer) => !isOn(answer.detail),
      }),
    [replayId, edition],
  );
  return { told, problem };
}

export function ReplayPanel({ replayId, onChanged }: { replayId: string; onChanged: () => void }) {
  const [edition, setEdition] = useState(0);
  const { told, problem } = useReplay(replayId, edition, onChanged);
  const [refusal, setRefusal] = useState<string | null>(null);
  const steer = async (pace: Pace) => {
    setRefusal(await problemWith(replays.steer(replayId, pace)));
    setEdition((before) => before + 1); // its state is asked for again, whatever happened
    onChanged();
  };
  const state = told?.detail.state;
  if (told === null) {
    return problem === null ? (
      <p className="empty">{messages.loading}</p>
    ) : (
      <p className="problem" role="alert">
        <Words text={problem} />
      </p>
    );
  }
  return (
    <div className="replay-run" data-state={state}>
      <section className="panel" aria-labelledby="replay-run-title">
        <PauseKey onPause={() => void steer({ is_paused: state !== "paused" })} />
        <Head detail={told.detail} onSteer={(pace) => void steer(pace)} />
        {refusal !== null && (
          <p className="problem" role="alert">
            <Words text={refusal} />
          </p>
        )}
        <Records told={told} />
      </section>
      <div className="columns">
        <section className="panel" aria-labelledby="replay-events">
          <h3 id="replay-events">
            <span className="badge replay">{text.label}</span> {text.events}
          </h3>
          <Comparison detail={told.detail} />
        </section>
        <section className="panel side" aria-label={text.map}>
          <h3>
            <span className="badge replay">{text.label}</span> {text.map}
          </h3>
          <ReplayMap events={told.detail.events} />
        </section>
      </div>
    </div>
  );
}

/** The key that pauses it and lets it go on, for those who may. */
export const PauseKey = (properties: { onPause: () => void }) => (
  <Allowed permission="replay" hides>
    <HeldKey {...properties} />
  </Allowed>
);

function HeldKey({ onPause }: { onPause: () => void }) {
  useShortcut({ keys: "k", group: text.title, text: text.pauseKey, run: onPause });
  return null;
}

export function Head({ detail, onSteer }: { detail: ReplayDetail; onSteer: (pace: Pace) => void }) {
  return (
    <>
      <div className="panel-head">
        <h3 id="replay-run-title">
          <span className="badge replay">{text.label}</span>{" "}
          {text.row(utc(Date.parse(detail.start)), utc(Date.parse(detail.end), 0, false))} UTC
        </h3>
        <span>
          <span role="status">{stateText(detail.state)}</span>
          {detail.reached !== null && ` ${text.reached(utc(Date.parse(detail.reached)))} UTC`}
        </span>
        <progress aria-label={text.progress} max="1" value={detail.share} />
        {isOn(detail) && (
          <Allowed permission="replay" hides>
            <button type="button" onClick={() => onSteer({ is_paused: detail.state === "running" })}>
              {detail.state === "running" ? text.pause : text.resume}
            </button>
            <SpeedChoice speed={detail.speed} onSpeed={(speed) => onSteer({ speed })} />
            <button type="button" onClick={() => onSteer({ stop: true })}>
              {text.stop}
            </button>
          </Allowed>
        )}
        <span className="muted" data-found={detail.event_count}>
          {text.found(detail.event_count, detail.pick_count)}
        </span>
      </div>
      {detail.problem !== "" && (
        <p className="warning">
          <Words text={say(detail.problem_told)} />
        </p>
      )}
    </>
  );
}

function Records({ told }: { told: Told }) {
  const [attach, width] = useWidth<HTMLDivElement>();
  const rows = useMemo(() => rowsOf(told.traces, told.picks), [told]);
  const { start, end } = told.traces.meta;
  if (start === null || end === null) return <p className="empty">{messages.loading}</p>;
  const [startS, endS] = [Date.parse(start) / 1000, Date.parse(end) / 1000];
  const shown = rows.slice(0, MOST_ROWS);
  return (
    <div role="group" aria-label={text.traces}>
      <div ref={attach} className="replay-rows">
        {width > 0 && <Clock startS={startS} endS={endS} width={width} />}
        {shown.map((one) => (
          <Row key={one.trace} row={one} startS={startS} endS={endS} width={width} />
        ))}
      </div>
      {rows.length > shown.length && <p className="muted note">{text.more(rows.length - shown.length)}</p>}
    </div>
  );
}

interface Shown {
  startS: number;
  endS: number;
  width: number;
}

function Clock({ startS, endS, width }: Shown) {
  const holder = useRef<HTMLDivElement>(null);
  const [axis, setAxis] = useState<TimeAxis | null>(null);
  const isDark = useIsDark();
  useEffect(() => {
    const made = new TimeAxis(holder.current!, traceColours(), width);
    setAxis(made);
    return () => made.destroy();
  }, [width, isDark]);
  useEffect(() => axis?.draw(startS, endS), [axis, startS, endS]);
  return <div ref={holder} aria-hidden="true" />;
}

function Row({ row, startS, endS, width }: Shown & { row: ReplayRow }) {
  const holder = useRef<HTMLDivElement>(null);
  const [chart, setChart] = useState<RowChart | null>(null);
  const isDark = useIsDark();
  useEffect(() => {
    if (width === 0) return undefined;
    const made = new RowChart(holder.current!, traceColours(), { width, height: ROW_PX });
    setChart(made);
    return () => made.destroy();
  }, [width, isDark]);
  useEffect(() => chart?.draw(row.row, startS, endS, row.picks, 1), [chart, row, startS, endS]);
  return (
    <div className="replay-row" data-trace={row.trace}>
      <span className="replay-name">{row.trace}</span>
      <div ref={holder} role="img" aria-label={text.tracesLabel(row.trace, row.picks.length)} />
    </div>
  );
}

/** The map is drawn anew only where events have changed. */
function ReplayMap({ events }: { events: EventSummary[] }) {
  const key = events.map((one) => `${one.event_id} ${one.version}`).join();
  const kept = useRef({ key: "", events: NO_EVENTS });
  if (kept.current.key !== key) kept.current = { key, events };
  return <EventMap events={kept.current.events} onSelect={() => undefined} />;
}

function Comparison({ detail }: { detail: ReplayDetail }) {
  if (detail.pairs.length === 0) return <p className="empty">{text.noEvents}</p>;
  return (
    <table className="cards">
      <thead>
        <tr>
          {[text.time, text.magnitude, text.depth, text.against].map((one) => (
            <th key={one} scope="col">
              {one}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {detail.pairs.map((pair) => {
          const event = eventOf(pair, detail);
          if (event === undefined) return null;
          const kind = kindOf(pair);
          return (
            <tr key={`${pair.replayed} ${pair.stored}`} data-pair={kind}>
              <td data-label={text.time}>
                {pair.stored === null ? (
                  utc(Date.parse(event.time), 1)
                ) : (
                  <a href={eventAddress(pair.stored)}>{utc(Date.parse(event.time), 1)}</a>
                )}
              </td>
              <td data-label={text.magnitude}>{event.magnitude === null ? "–" : event.magnitude.toFixed(1)}</td>
              <td data-label={text.depth}>{event.depth_km.toFixed(1)} km</td>
              <td data-label={text.against}>
                {text.kinds[kind]}
                {kind === "both" && `: ${text.difference(signed(pair.time_s!, 2), pair.distance_km!.toFixed(1))}`}
                {pair.magnitude !== null && `, ${text.magnitudeDifference(signed(pair.magnitude, 2))}`}
              </td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}
