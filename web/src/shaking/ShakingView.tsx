/** An earthquake that might be is described, and its shaking is mapped. */

import { useState, type FormEvent } from "react";

import { api, problemOf, type Scenario } from "../api/client";
import type { ShakingMapAnswer } from "../api/types";
import { Allowed } from "../account/permissions";
import { messages } from "../messages";
import { ShakingMapPanel } from "./ShakingMapPanel";
import { Words } from "../told/Words";

const text = messages.shaking;

interface Field {
  name: keyof Scenario;
  label: string;
  least: number;
  most: number;
  first: string;
}

const FIELDS: Field[] = [
  { name: "magnitude", label: text.magnitude, least: -2, most: 10, first: "3.5" },
  { name: "magnitude_sd", label: text.magnitudeSd, least: 0, most: 2, first: "0" },
  { name: "longitude", label: text.longitude, least: -180, most: 180, first: "" },
  { name: "latitude", label: text.latitude, least: -85, most: 85, first: "" },
  { name: "depth_km", label: text.depth, least: 0, most: 800, first: "8" },
];

export function ShakingView() {
  const [answer, setAnswer] = useState<ShakingMapAnswer | null>(null);
  return (
    <section className="panel" aria-labelledby="scenario-title">
      <h2 id="scenario-title">{text.title}</h2>
      <p>{text.explanation}</p>
      <Allowed permission="run">
        <Question onAnswer={setAnswer} />
      </Allowed>
      {answer !== null && <ShakingMapPanel map={answer.data} cautions={answer.meta.cautions_told} />}
    </section>
  );
}

function Question({ onAnswer }: { onAnswer: (answer: ShakingMapAnswer | null) => void }) {
  const [values, setValues] = useState(FIELDS.map((one) => one.first));
  const [problem, setProblem] = useState<string | null>(null);
  const [isBusy, setBusy] = useState(false);
  const ask = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    setProblem(null);
    try {
      const pairs = FIELDS.map((one, index) => [one.name, Number(values[index])]);
      onAnswer(await api.scenarioShaking(Object.fromEntries(pairs) as Scenario));
    } catch (error) {
      onAnswer(null);
      setProblem(problemOf(error));
    } finally {
      setBusy(false);
    }
  };
  return (
    <form className="panel-head" onSubmit={(event) => void ask(event)}>
      {FIELDS.map((one, index) => (
        <label key={one.name}>
          {one.label}{" "}
          <input
            type="number"
            min={one.least}
            max={one.most}
            step="any"
            required
            value={values[index]}
            onChange={(event) =>
              setValues(values.map((value, i) => (i === index ? event.target.value : value)))
            }
          />
        </label>
      ))}
      <button type="submit" disabled={isBusy}>
        {isBusy ? messages.loading : text.ask}
      </button>
      {problem !== null && (
        <p className="problem" role="alert">
          <Words text={problem} />
        </p>
      )}
    </form>
  );
}
