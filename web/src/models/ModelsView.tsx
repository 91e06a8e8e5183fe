/** The networks of the service: what each is, how good it is, and which of them serves. */

import "./models.css";

import { useState } from "react";

import { request } from "../api/client";
import type { components } from "../api/schema";
import { Allowed } from "../account/permissions";
import { messages } from "../messages";
import { useRequest } from "../ui/hooks";
import { Card } from "./Card";
import { comparedScores } from "./content";
import { Promote, Serving, type ServingData } from "./Serving";
import { useServing } from "./useServing";
import { Failed, Words } from "../told/Words";
import { say } from "../told/told";

const text = messages.models;
type Model = components["schemas"]["ModelCardData"];
type Answer = components["schemas"]["ModelCardsAnswer"];
type Meta = components["schemas"]["ModelCardsMeta"];

export function ModelsView({ part }: { part: string | null }) {
  const [changes, setChanges] = useState(0);
  const onChange = () => setChanges((count) => count + 1);
  const { data, problem } = useRequest(
    async (signal) => (await request("models/cards", {}, signal)) as Answer,
    `${changes}`,
  );
  const { serving, readMs, problem: servingProblem } = useServing(changes);
  const shown = data?.data.find((one) => one.name === part) ?? null;
  return (
    <>
      <section className="panel" aria-labelledby="models-title">
        <h2 id="models-title">{text.title}</h2>
        {problem !== null && (
          <p className="problem" role="alert">
            <Words text={problem} />
          </p>
        )}
        {data === null && problem === null && <p className="empty">{messages.loading}</p>}
        {serving !== null && <Serving serving={serving} readMs={readMs} onChange={onChange} />}
        {servingProblem !== null && <Failed problem={servingProblem} />}
        {data !== null && <Models models={data.data} meta={data.meta} />}
      </section>
      {shown !== null && (
        <ModelPanel key={shown.name} model={shown} serving={serving} onChange={onChange} />
      )}
      {data !== null && data.data.length > 1 && <Comparison models={data.data} />}
    </>
  );
}

function Models({ models, meta }: { models: Model[]; meta: Meta }) {
  return (
    <>
      {!meta.can_promote && (
        <p role="status">{meta.picker === "" ? text.nothingNow : text.now(meta.picker)}</p>
      )}
      <table className="cards">
        <thead>
          <tr>
            {[text.name, text.task, text.version, text.state].map((one) => (
              <th key={one} scope="col">
                {one}
              </th>
            ))}
            <th scope="col">
              <span className="aloud">{text.show}</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {models.map((one) => (
            <tr key={one.name} data-model={one.name}>
              <td data-label={text.name}>
                <strong>{one.name}</strong>
                <div className="muted" lang="en">
                  {one.description}
                </div>
              </td>
              <td data-label={text.task} lang="en">
                {one.task}
              </td>
              <td data-label={text.version}>{one.version}</td>
              <td data-label={text.state} className="badges">
                <States model={one} />
              </td>
              <td data-label={text.show}>
                <a href={`#/models/${encodeURIComponent(one.name)}`} aria-label={text.showLabel(one.name)}>
                  {text.show}
                </a>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {!meta.can_promote && (
        <p className="note" id="promote-why">
          <strong>{text.promoteWhy}:</strong> <Words text={say(meta.promote_problem_told)} />
        </p>
      )}
    </>
  );
}

function States({ model }: { model: Model }) {
  return (
    <>
      {model.is_in_use && <span className="badge settled">{text.inUse}</span>}{" "}
      {model.is_shadow && <span className="badge">{text.shadow}</span>}{" "}
      {model.serves && <span className="badge settled">{text.serves}</span>}{" "}
      {model.is_loaded && <span className="badge settled">{text.loaded}</span>}{" "}
      <span className="badge">{model.origin === "added" ? text.added : text.packaged}</span>
    </>
  );
}

interface PanelProperties {
  model: Model;
  serving: ServingData | null;
  onChange: () => void;
}

function ModelPanel({ model, serving, onChange }: PanelProperties) {
  const now = serving?.in_use ?? null;
  return (
    <section className="panel" aria-labelledby="model-title">
      <div className="panel-head">
        <h3 id="model-title">{text.showLabel(model.name)}</h3>
        {model.task === "pick" && !model.is_in_use && (
          <Allowed permission="models.promote" hides>
            {now === null ? (
              <button type="button" className="promote" disabled aria-describedby="promote-why">
                {text.promote}
              </button>
            ) : (
              <Promote name={model.name} now={now} onChange={onChange} />
            )}
          </Allowed>
        )}
        <a href="#/models">{text.close}</a>
      </div>
      <dl className="facts">
        <div>
          <dt>{text.licence}</dt>
          <dd lang="en">{model.licence}</dd>
        </div>
        <div>
          <dt>{text.files}</dt>
          <dd>
            {Object.entries(model.files).map(([name, sha256]) => (
              <div key={name}>
                {name} <code>{sha256.slice(0, 16)}…</code>
              </div>
            ))}
          </dd>
        </div>
      </dl>
      {model.card === "" ? <p className="muted">{text.noCard}</p> : <Card markdown={model.card} name={model.name} />}
    </section>
  );
}

function Comparison({ models }: { models: Model[] }) {
  const [left, setLeft] = useState((models.find((one) => one.serves) ?? models[0]!).name);
  const [right, setRight] = useState(models.find((one) => one.name !== left)!.name);
  const [isOnlyCommon, setOnlyCommon] = useState(true);
  const of = (name: string) => models.find((one) => one.name === name)?.metrics;
  const scores = comparedScores(of(left), of(right), isOnlyCommon);
  return (
    <section className="panel" aria-labelledby="compare-title">
      <div className="panel-head">
        <h3 id="compare-title">{text.compare}</h3>
        <Choice label={text.left} models={models} chosen={left} onChoose={setLeft} />
        <Choice label={text.right} models={models} chosen={right} onChoose={setRight} />
        <label>
          <input
            type="checkbox"
            checked={isOnlyCommon}
            onChange={(event) => setOnlyCommon(event.target.checked)}
          />{" "}
          {text.onlyCommon}
        </label>
      </div>
      {scores.length === 0 ? (
        <p className="empty">{text.noCommon}</p>
      ) : (
        <div className="table-scroll models-compared" tabIndex={0} role="group" aria-labelledby="compare-title">
          <table>
            <thead>
              <tr>
                <th scope="col">{text.metric}</th>
                <th scope="col">{left}</th>
                <th scope="col">{right}</th>
              </tr>
            </thead>
            <tbody>
              {scores.map((one) => (
                <tr key={one.path} data-score={one.path}>
                  <th scope="row" lang="en">
                    {one.path}
                  </th>
                  <td>{one.left}</td>
                  <td>{one.right}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}

function Choice({ label, models, chosen, onChoose }: {
  label: string;
  models: Model[];
  chosen: string;
  onChoose: (name: string) => void;
}) {
  return (
    <label>
      {label}{" "}
      <select value={chosen} onChange={(event) => onChoose(event.target.value)}>
        {models.map((one) => (
          <option key={one.name}>{one.name}</option>
        ))}
      </select>
    </label>
  );
}
