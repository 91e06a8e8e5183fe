/** The picks as fields, for whoever does not drag them, and a form for another pick. */

import { useState } from "react";

import type { EventDetail } from "../api/types";
import { useLive } from "../live/liveStore";
import { messages } from "../messages";
import { NumberInput } from "../ui/NumberInput";
import { codeOf, type Change, type Edit, type EditPick, type Phase } from "./edit";

const text = messages.review;
const PHASES: readonly Phase[] = ["P", "S"];

interface Properties {
  event: EventDetail;
  edit: Edit;
  newPhase: Phase;
  onChange: (change: Change) => void;
  onNewPhase: (phase: Phase) => void;
}

export function PickEditor({ event, edit, newPhase, onChange, onNewPhase }: Properties) {
  const originMs = Date.parse(event.time);
  return (
    <>
      <p className="note">{text.keysNote}</p>
      <div className="table-scroll" tabIndex={0} role="region" aria-label={text.table}>
        <table className="pick-editor">
          <thead>
            <tr>
              <th scope="col">{text.station}</th>
              <th scope="col">{text.phase}</th>
              <th scope="col">{text.seconds}</th>
              <th scope="col">{text.sigma}</th>
              <th scope="col">
                <span className="aloud">{text.remove}</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {edit.picks.map((pick) => (
              <Line key={pick.id} pick={pick} originMs={originMs} onChange={onChange} />
            ))}
          </tbody>
        </table>
      </div>
      <NewPick event={event} phase={newPhase} onPhase={onNewPhase} onChange={onChange} />
    </>
  );
}

interface LineProperties {
  pick: EditPick;
  originMs: number;
  onChange: (change: Change) => void;
}

export function Line({ pick, originMs, onChange }: LineProperties) {
  const { id, phase, station } = pick;
  return (
    <tr data-edited={`${codeOf(pick)} ${phase}`}>
      <td>{codeOf(pick)}</td>
      <td>
        <select
          aria-label={text.phaseOf(station)}
          value={phase}
          onChange={(event) => onChange({ kind: "phase", id, phase: event.target.value as Phase })}
        >
          {PHASES.map((one) => (
            <option key={one}>{one}</option>
          ))}
        </select>
      </td>
      <td>
        <NumberInput
          step="0.01"
          aria-label={text.secondsOf(phase, station)}
          shown={((pick.timeMs - originMs) / 1000).toFixed(3)}
          onValue={(seconds) =>
            seconds !== null && onChange({ kind: "move", id, timeMs: originMs + seconds * 1000 })
          }
        />
      </td>
      <td>
        <NumberInput
          step="0.01"
          min="0.001"
          max="60"
          aria-label={text.sigmaOf(phase, station)}
          shown={String(Number(pick.sigmaS.toFixed(4)))}
          onValue={(sigmaS) => sigmaS !== null && onChange({ kind: "sigma", id, sigmaS })}
        />
      </td>
      <td>
        <button
          type="button"
          className="small"
          aria-label={text.removeOf(phase, station)}
          onClick={() => onChange({ kind: "remove", id })}
        >
          {text.remove}
        </button>
      </td>
    </tr>
  );
}

interface NewProperties {
  event: EventDetail;
  phase: Phase;
  onPhase: (phase: Phase) => void;
  onChange: (change: Change) => void;
}

function NewPick({ event, phase, onPhase, onChange }: NewProperties) {
  const live = useLive("stations");
  const codes = [...new Set([...live.map((one) => one.code), ...event.arrivals.map(codeOf)])].sort();
  const [code, setCode] = useState(codes[0] ?? "");
  const [seconds, setSeconds] = useState("5");
  const add = () => {
    const [network = "", station = ""] = code.split(".");
    const timeMs = Date.parse(event.time) + Number(seconds) * 1000;
    if (station !== "" && seconds !== "") onChange({ kind: "add", network, station, phase, timeMs });
  };
  return (
    <fieldset className="review-actions">
      <legend>{text.newPick}</legend>
      <label>
        {text.station}{" "}
        <select value={code} onChange={(change) => setCode(change.target.value)}>
          {codes.map((one) => (
            <option key={one}>{one}</option>
          ))}
        </select>
      </label>
      <label>
        {text.phase}{" "}
        <select value={phase} onChange={(change) => onPhase(change.target.value as Phase)}>
          {PHASES.map((one) => (
            <option key={one}>{one}</option>
          ))}
        </select>
      </label>
      <label>
        {text.seconds}{" "}
        <input
          type="number"
          step="0.01"
          value={seconds}
          onChange={(change) => setSeconds(change.target.value)}
        />
      </label>
      <button type="button" onClick={add}>
        {text.add}
      </button>
    </fieldset>
  );
}
