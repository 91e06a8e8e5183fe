/** A question for the chance near a place, and its answer in words. */

import { useState, type FormEvent } from "react";

import { api, type ChanceQuestion, problemOf } from "../api/client";
import type { ForecastAnswer } from "../api/types";
import { messages } from "../messages";
import { Words } from "../told/Words";

const text = messages.forecast;

interface Field {
  name: keyof ChanceQuestion;
  label: string;
  least: number;
  most: number;
  first: string;
}

const FIELDS: Field[] = [
  { name: "magnitude", label: text.magnitude, least: -2, most: 10, first: "5" },
  { name: "days", label: text.days, least: 0.01, most: 3660, first: "7" },
  { name: "longitude", label: text.longitude, least: -180, most: 180, first: "" },
  { name: "latitude", label: text.latitude, least: -90, most: 90, first: "" },
  { name: "radius_km", label: text.radius, least: 1, most: 2000, first: "50" },
];

export function PlaceChance() {
  const [values, setValues] = useState(FIELDS.map((one) => one.first));
  const [answer, setAnswer] = useState<ForecastAnswer | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const [isBusy, setBusy] = useState(false);
  const ask = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    setProblem(null);
    try {
      const pairs = FIELDS.map((one, index) => [one.name, Number(values[index])]);
      setAnswer(await api.chance(Object.fromEntries(pairs) as unknown as ChanceQuestion));
    } catch (error) {
      setAnswer(null);
      setProblem(problemOf(error));
    } finally {
      setBusy(false);
    }
  };
  return (
    <section className="panel" aria-labelledby="place-title">
      <h3 id="place-title">{text.place}</h3>
      <p className="muted note">{text.placeText}</p>
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
      </form>
      {problem !== null && (
        <p className="problem" role="alert">
          <Words text={problem} />
        </p>
      )}
      {answer !== null && <p className="forecast-words">{answer.data.rows[0]?.sentence}</p>}
    </section>
  );
}
