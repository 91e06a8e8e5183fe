/** Above the rows: what is shown, over which time, and in which order. */

import { useSyncExternalStore } from "react";

import { span } from "../format";
import { messages } from "../messages";
import { useShortcut } from "../ui/shortcuts";
import type { Order } from "./order";
import type { Painter } from "./painter";
import { amplified, followed, held, panned, zoomed, type TimeView } from "./timeView";

const text = messages.traces;
const LENGTHS_S = [5, 15, 30, 60, 120, 300, 600];
const STEP = 0.25;
const FACTOR = 1.5;

type Step = (view: TimeView, newestMs: number) => TimeView;

/** What each key and each button does to a view. */
export const STEPS = {
  earlier: (view, newestMs) => panned(view, -STEP * view.lengthMs, newestMs),
  later: (view, newestMs) => panned(view, STEP * view.lengthMs, newestMs),
  closer: (view, newestMs) => zoomed(view, FACTOR, view.endMs === null ? 1 : 0.5, newestMs),
  wider: (view, newestMs) => zoomed(view, 1 / FACTOR, view.endMs === null ? 1 : 0.5, newestMs),
  higher: (view) => amplified(view, FACTOR),
  lower: (view) => amplified(view, 1 / FACTOR),
  live: followed,
} satisfies Record<string, Step>;

export type StepName = keyof typeof STEPS;

/** The view of a row, or of all; rendered anew when it changes. */
export function useView(painter: Painter, traceId: string | null): TimeView {
  return useSyncExternalStore(painter.listen, () => painter.viewOf(traceId));
}

/** Letters that do what the buttons do; they mean the current row where it is unlocked. */
export function useTraceKeys(painter: Painter, current: string | null, onRow: (step: number) => void): void {
  const group = text.title;
  const step = (name: StepName) => () => painter.change(current, STEPS[name]);
  useShortcut({ keys: "p", group, text: text.pauseKey, run: () => togglePause(painter, current) });
  useShortcut({ keys: "b", group, text: text.keys.earlier, run: step("earlier") });
  useShortcut({ keys: "n", group, text: text.keys.later, run: step("later") });
  useShortcut({ keys: "r", group, text: text.keys.live, run: step("live") });
  useShortcut({ keys: "i", group, text: text.keys.closer, run: step("closer") });
  useShortcut({ keys: "u", group, text: text.keys.wider, run: step("wider") });
  useShortcut({ keys: "+", group, text: text.keys.higher, run: step("higher") });
  useShortcut({ keys: "-", group, text: text.keys.lower, run: step("lower") });
  useShortcut({ keys: "j", group, text: text.keys.nextRow, run: () => onRow(1) });
  useShortcut({ keys: "k", group, text: text.keys.previousRow, run: () => onRow(-1) });
  const lock = () => current !== null && painter.toggleLock(current);
  useShortcut({ keys: "x", group, text: text.keys.lock, run: () => void lock() });
}

function togglePause(painter: Painter, traceId: string | null): void {
  painter.change(traceId, (view, newestMs) => (view.endMs === null ? held(view, newestMs) : followed(view)));
}

interface Selection {
  showAll: boolean;
  setShowAll: (showAll: boolean) => void;
  find: string;
  setFind: (find: string) => void;
  order: Order;
  setOrder: (order: Order) => void;
  count: string;
}

export function TraceControls({ painter, chosen }: { painter: Painter; chosen: Selection }) {
  return (
    <div className="panel-head">
      <h2 id="traces-title">{text.title}</h2>
      <LengthChoice painter={painter} />
      <label>
        {text.show}{" "}
        <select
          value={chosen.showAll ? "all" : "vertical"}
          onChange={(event) => chosen.setShowAll(event.target.value === "all")}
        >
          <option value="vertical">{text.vertical}</option>
          <option value="all">{text.all}</option>
        </select>
      </label>
      <label>
        {text.order}{" "}
        <select value={chosen.order} onChange={(event) => chosen.setOrder(event.target.value as Order)}>
          <option value="name">{text.byName}</option>
          <option value="distance">{text.byDistance}</option>
        </select>
      </label>
      <label>
        {text.find}{" "}
        <input
          type="search"
          size={9}
          placeholder={text.findExample}
          value={chosen.find}
          onChange={(event) => chosen.setFind(event.target.value)}
        />
      </label>
      <Buttons painter={painter} />
      <span className="muted">{chosen.count}</span>
    </div>
  );
}

function LengthChoice({ painter }: { painter: Painter }) {
  const lengthS = useView(painter, null).lengthMs / 1000;
  const lengths = LENGTHS_S.includes(lengthS) ? LENGTHS_S : [lengthS, ...LENGTHS_S];
  const choose = (seconds: number) =>
    painter.change(null, (view, newestMs) => zoomed(view, view.lengthMs / (seconds * 1000), 1, newestMs));
  return (
    <label>
      {text.window}{" "}
      <select value={String(lengthS / 60)} onChange={(event) => choose(60 * Number(event.target.value))}>
        {lengths.map((one) => (
          <option key={one} value={String(one / 60)}>
            {one >= 60 && one % 60 === 0 ? text.minutes(one / 60) : span(one)}
          </option>
        ))}
      </select>
    </label>
  );
}

function Buttons({ painter }: { painter: Painter }) {
  const isPaused = useView(painter, null).endMs !== null;
  const unlocked = useSyncExternalStore(painter.listen, () => painter.unlocked);
  const step = (name: StepName) => () => painter.change(null, STEPS[name]);
  return (
    <>
      <button type="button" aria-pressed={isPaused} onClick={() => togglePause(painter, null)}>
        {isPaused ? text.resume : text.pause}
      </button>
      <span role="group" aria-label={text.move} className="trace-buttons">
        {BUTTONS.map(([name, sign]) => (
          <button key={name} type="button" aria-label={text.keys[name]} title={text.keys[name]} onClick={step(name)}>
            <span aria-hidden="true">{sign}</span>
          </button>
        ))}
      </span>
      {unlocked > 0 && (
        <button type="button" onClick={() => painter.lockAll()}>
          {text.lockAll(unlocked)}
        </button>
      )}
    </>
  );
}

const BUTTONS: [StepName, string][] = [
  ["earlier", "◀"],
  ["later", "▶"],
  ["wider", "↔"],
  ["closer", "→←"],
  ["lower", "▽"],
  ["higher", "△"],
];
