/** A past hour once more: started here, watched here, and compared with what was stored. */

import { problemOf } from "../api/client";
import "./replay.css";

import { useCallback, useEffect, useMemo, useRef, useState, type FormEvent } from "react";

import { Allowed } from "../account/permissions";
import { secondsOf } from "../explore/FilterFields";
import { utc } from "../format";
import { messages, textOf } from "../messages";
import { keepAsking } from "../ui/asking";
import { problemWith, replays, type Replay, type ReplayList } from "./client";
import { ReplayPanel } from "./ReplayPanel";
import { Words } from "../told/Words";
import { say } from "../told/told";

const text = messages.replay;
const LIST_MS = 3000;
export const SPEEDS = [1, 2, 5, 10, 20, 60, 0] as const;
const NONE: Replay[] = [];

export function ReplayView({ part }: { part: string | null }) {
  const [edition, setEdition] = useState(0);
  const again = useCallback(() => setEdition((before) => before + 1), []);
  const { data, problem } = useReplays(edition);
  const list = data?.data ?? NONE;
  const shown = list.find((one) => one.replay_id === part) ?? null;
  const why = say(data?.meta.problem_told ?? []);
  return (
    <>
      <section className="panel" aria-labelledby="replay-title">
        <h2 id="replay-title">{text.title}</h2>
        <p>{text.explanation}</p>
        {why === "" ? (
          <Allowed permission="replay">
            <Wishes onStarted={again} />
          </Allowed>
        ) : (
          <p className="warning">
            <Words text={why} />
          </p>
        )}
        {problem !== null && (
          <p className="problem" role="alert">
            <Words text={problem} />
          </p>
        )}
        <h3>{text.list}</h3>
        <List list={list} onChanged={again} />
      </section>
      {shown !== null && <ReplayPanel key={shown.replay_id} replayId={shown.replay_id} onChanged={again} />}
    </>
  );
}

/** The list of now and then; at once whenever `edition` changes. */
function useReplays(edition: number): { data: ReplayList | null; problem: string | null } {
  const [data, setData] = useState<ReplayList | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  useEffect(
    () =>
      keepAsking({
        ask: replays.list,
        restMs: LIST_MS,
        onAnswer: (list) => {
          setData(list);
          setProblem(null);
        },
        onProblem: (error) => setProblem(problemOf(error)),
      }),
    [edition],
  );
  return { data, problem };
}

/** Ask what is to be replayed; first the newest ten minutes of records. */
function Wishes({ onStarted }: { onStarted: () => void }) {
  const [from, setFrom] = useState("");
  const [minutes, setMinutes] = useState("10");
  const [speed, setSpeed] = useState(10);
  const [stations, setStations] = useState("*");
  const [problem, setProblem] = useState<string | null>(null);
  const [isBusy, setBusy] = useState(false);
  const isTyped = useRef(false);
  useEffect(() => {
    void newestS().then((at) => {
      if (at !== null && !isTyped.current) setFrom(new Date((at - 600) * 1000).toISOString().slice(0, 19));
    });
  }, []);
  const start = async (event: FormEvent) => {
    event.preventDefault();
    const startS = secondsOf(from);
    if (startS === null) {
      setProblem(text.wrongTime);
      return;
    }
    setBusy(true);
    setProblem(null);
    try {
      const made = await replays.start({
        start: new Date(startS * 1000).toISOString(),
        end: new Date((startS + 60 * Number(minutes)) * 1000).toISOString(),
        speed,
        stations: stations.split(/[\s,]+/).filter(Boolean),
      });
      onStarted();
      window.location.hash = `#/replay/${made.replay_id}`;
    } catch (error) {
      setProblem(problemOf(error));
    } finally {
      setBusy(false);
    }
  };
  return (
    <form className="panel-head" onSubmit={(event) => void start(event)}>
      <label>
        {text.from}{" "}
        <input
          required
          value={from}
          placeholder={messages.explore.timeForm}
          onChange={(event) => {
            isTyped.current = true;
            setFrom(event.target.value);
          }}
        />
      </label>
      <label>
        {text.minutes}{" "}
        <input
          type="number"
          min="1"
          max="60"
          step="any"
          required
          value={minutes}
          onChange={(event) => setMinutes(event.target.value)}
        />
      </label>
      <SpeedChoice speed={speed} onSpeed={setSpeed} />
      <label>
        {text.stations}{" "}
        <input required value={stations} onChange={(event) => setStations(event.target.value)} />
      </label>
      <button type="submit" disabled={isBusy}>
        {isBusy ? messages.loading : text.start}
      </button>
      {problem !== null && (
        <p className="problem" role="alert">
          <Words text={problem} />
        </p>
      )}
    </form>
  );
}

/** End of the newest records in the archive, seconds since 1970, or null. */
async function newestS(): Promise<number | null> {
  const { archive } = await import("../explore/client");
  const days = (await archive.days().catch(() => [])).flatMap((one) => one.days).sort();
  const day = days.at(-1);
  if (day === undefined) return null;
  const begin = Date.parse(`${day}T00:00Z`);
  const spans = await archive
    .spans(new Date(begin).toISOString(), new Date(begin + 86_400_000).toISOString(), "*")
    .catch(() => []);
  const ends = spans.flatMap((one) => one.spans).map((one) => Date.parse(one.end) / 1000);
  return ends.length === 0 ? null : ends.reduce((a, b) => Math.max(a, b));
}

export function SpeedChoice({ speed, onSpeed }: { speed: number; onSpeed: (speed: number) => void }) {
  const all = useMemo(() => (SPEEDS.some((one) => one === speed) ? SPEEDS : [...SPEEDS, speed]), [speed]);
  return (
    <label>
      {text.speed}{" "}
      <select value={speed} onChange={(event) => onSpeed(Number(event.target.value))}>
        {all.map((one) => (
          <option key={one} value={one}>
            {text.speeds(one)}
          </option>
        ))}
      </select>
    </label>
  );
}

export const stateText = (state: string): string => textOf(text.states, state) ?? state;

/** The replays, with why one could not be removed. */
function List({ list, onChanged }: { list: Replay[]; onChanged: () => void }) {
  const [refusal, setRefusal] = useState<string | null>(null);
  const remove = async (id: string) => {
    setRefusal(await problemWith(replays.remove(id)));
    onChanged();
  };
  return (
    <>
      {refusal !== null && (
        <p className="problem" role="alert">
          <Words text={refusal} />
        </p>
      )}
      {list.length === 0 ? (
        <p className="muted">{text.none}</p>
      ) : (
        <Rows list={list} onRemove={(id) => void remove(id)} />
      )}
    </>
  );
}

export function Rows({ list, onRemove }: { list: Replay[]; onRemove: (id: string) => void }) {
  return (
    <ul className="replay-list">
      {list.map((one) => (
        <li key={one.replay_id} data-replay={one.replay_id}>
          <span className="badge replay">{text.label}</span>{" "}
          <a href={`#/replay/${one.replay_id}`}>
            {text.row(utc(Date.parse(one.start)), utc(Date.parse(one.end), 0, false))} UTC
          </a>{" "}
          <span>{stateText(one.state)}</span>{" "}
          <span className="muted">{text.found(one.event_count, one.pick_count)}</span>{" "}
          <Allowed permission="replay" hides>
            <button type="button" className="small" onClick={() => onRemove(one.replay_id)}>
              {text.remove}
            </button>
          </Allowed>
        </li>
      ))}
    </ul>
  );
}
