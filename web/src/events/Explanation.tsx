/** Which parts of a record speak for a pick: relevance of each component behind the record. */

import { problemOf } from "../api/client";
import { useState } from "react";

import { Allowed } from "../account/permissions";
import type { EventDetail } from "../api/types";
import { messages } from "../messages";
import { reviewApi, type Explanation as Told } from "../review/client";
import type { Phase } from "../review/edit";
import { useWidth } from "../ui/hooks";
import { levelOf, recordPath, ticksOf } from "./plotting";

const text = messages.eventPage;
const [NARROWEST, ROW, LEFT, RIGHT, AXIS] = [260, 84, 26, 12, 34];
const TICK_PX = 60;
/** Seconds to each side of the pick: fewer on a narrow screen, where bars would be too thin to see. */
const [LEAST_S, MOST_S, PX_PER_S] = [2.5, 8, 62];

type State = { told: Told | null; problem: string | null; isBusy: boolean };

export function Explanation({ event }: { event: EventDetail }) {
  const names = event.arrivals.map((one) => `${one.network}.${one.station} ${one.phase}`);
  const [chosen, setChosen] = useState(names[0] ?? "");
  const [{ told, problem, isBusy }, setState] = useState<State>({
    told: null,
    problem: null,
    isBusy: false,
  });
  if (names.length === 0) return null;
  const ask = async () => {
    const [station = "", phase = "P"] = chosen.split(" ");
    setState({ told: null, problem: null, isBusy: true });
    try {
      const { event_id: id, version } = event;
      const found = await reviewApi.explanation(id, version, station, phase as Phase);
      setState({ told: found, problem: null, isBusy: false });
    } catch (error) {
      const told = problemOf(error);
      setState({ told: null, problem: told, isBusy: false });
    }
  };
  return (
    <section className="panel explanation" aria-labelledby="why-title">
      <h3 id="why-title">{text.why}</h3>
      <Allowed permission="infer">
        <div className="section-tools">
          <label>
            {text.pick}{" "}
            <select value={chosen} onChange={(change) => setChosen(change.target.value)}>
              {names.map((one) => (
                <option key={one}>{one}</option>
              ))}
            </select>
          </label>
          <button type="button" disabled={isBusy} onClick={() => void ask()}>
            {text.explain}
          </button>
          <span role="status">{isBusy ? text.explaining : ""}</span>
        </div>
      </Allowed>
      {problem !== null && (
        <p className="problem" role="alert">
          {messages.detail.failed(problem)}
        </p>
      )}
      {told !== null && <Found told={told} />}
      <p className="muted note">{text.whyNote}</p>
    </section>
  );
}

function Found({ told }: { told: Told }) {
  const difference = told.probability - told.baseline_probability;
  return (
    <>
      <Picture told={told} />
      <p>
        {text.pickerOf(told.picker, told.probability.toFixed(3))}{" "}
        {told.method === "occlusion"
          ? text.byOcclusion
          : text.byGradients(
              String(told.n_steps ?? 0),
              told.relevance_sum.toFixed(4),
              difference.toFixed(4),
              told.relative_error === null ? "–" : (100 * told.relative_error).toFixed(2),
            )}{" "}
        {told.method !== "occlusion" && !told.is_complete && <strong>{text.incomplete}</strong>}
      </p>
    </>
  );
}

/** Drawn in the pixels that there are, so that its words are as large on a narrow screen. */
function Picture({ told }: { told: Told }) {
  const [attach, width] = useWidth<HTMLDivElement>();
  return <div ref={attach}>{width > 0 && <Drawing told={told} width={Math.max(NARROWEST, width)} />}</div>;
}

function Drawing({ told, width }: { told: Told; width: number }) {
  const [startMs, pickMs] = [Date.parse(told.start), Date.parse(told.time)];
  const count = told.components[0]?.relevance.length ?? 0;
  const aroundS = Math.min(MOST_S, Math.max(LEAST_S, width / 2 / PX_PER_S));
  const low = Math.max(-aroundS, (startMs - pickMs) / 1000);
  const high = Math.min(aroundS, (startMs - pickMs) / 1000 + count * told.bin_s);
  const xOf = (seconds: number) => LEFT + ((seconds - low) / (high - low)) * (width - LEFT - RIGHT);
  const secondsOf = (bin: number) => (startMs - pickMs) / 1000 + bin * told.bin_s;
  const most = Math.max(1e-12, ...told.components.flatMap((one) => one.relevance.map(Math.abs)));
  const height = told.components.length * ROW + AXIS;
  return (
    <svg
      viewBox={`0 0 ${width} ${height}`}
      role="img"
      aria-label={text.explanationLabel(told.phase, told.station)}
    >
      {told.components.map((one, row) => {
        const middle = (row + 0.5) * ROW;
        const inside = (bin: number) => secondsOf(bin) >= low && secondsOf(bin + 1) <= high;
        const bars = (sign: 1 | -1) =>
          one.relevance
            .map((value, bin) => {
              if (value * sign <= 0 || !inside(bin)) return "";
              const reach = (value / most) * (ROW / 2 - 3);
              const [from, to] = [xOf(secondsOf(bin)), xOf(secondsOf(bin + 1))];
              return `M${from.toFixed(1)} ${middle}V${(middle - reach).toFixed(1)}H${to.toFixed(1)}V${middle}Z`;
            })
            .join("");
        const known = { start: told.start, bin_s: told.bin_s, minimum: one.minimum, maximum: one.maximum };
        const cut = {
          ...known,
          minimum: known.minimum.map((value, bin) => (inside(bin) ? value : null)),
          maximum: known.maximum.map((value, bin) => (inside(bin) ? value : null)),
        };
        const level = levelOf(cut);
        const size = (ROW / 2 - 4) / (level?.reach ?? 1);
        return (
          <g key={one.component} data-component={one.component}>
            <text x={4} y={middle + 4}>
              {one.component}
            </text>
            <path className="speaks-for" d={bars(1)} />
            <path className="speaks-against" d={bars(-1)} />
            {level !== null && one.is_recorded && (
              <path
                className="wave"
                d={recordPath(
                  cut,
                  (ms) => xOf((ms - pickMs) / 1000),
                  (value) => middle - (value - level.middle) * size,
                )}
              />
            )}
          </g>
        );
      })}
      <line className="onset" x1={xOf(0)} x2={xOf(0)} y1={0} y2={height - AXIS} />
      {ticksOf(low, high, Math.min(8, width / TICK_PX)).map((one) => (
        <text key={one} x={xOf(one)} y={height - AXIS + 14} textAnchor="middle">
          {one}
        </text>
      ))}
      <text x={width / 2} y={height - 4} textAnchor="middle">
        {text.aroundPick}
      </text>
    </svg>
  );
}
