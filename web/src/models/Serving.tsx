/** Which model counts, how the one beside it compares, and the buttons that change it. */

import { useState } from "react";

import { problemOf, request } from "../api/client";
import type { components } from "../api/schema";
import { Allowed } from "../account/permissions";
import { utc } from "../format";
import { messages } from "../messages";
import { Words } from "../told/Words";

const text = messages.models;
type Schemas = components["schemas"];
export type ServingData = Schemas["ServingData"];
type InUse = Schemas["InUseData"];
type Shadow = Schemas["ShadowData"];

export const servingOf = async (signal?: AbortSignal): Promise<ServingData> =>
  ((await request("models/serving", {}, signal)) as Schemas["ServingAnswer"]).data;

/** The model in use, with its way back, and the comparison with the shadow. */
export function Serving({ serving, readMs, onChange }: {
  serving: ServingData;
  /** When it was told. */
  readMs: number;
  onChange: () => void;
}) {
  const now = serving.in_use;
  if (now === null || now === undefined) return null;
  const previous = now.previous ?? null;
  return (
    <div className="serving" data-in-use={now.name}>
      <p role="status">
        {text.nowInUse(now.name, now.version)}{" "}
        {now.since && <span className="muted">{text.chosen(now.by, utc(Date.parse(now.since)))}</span>}
      </p>
      {now.problem !== "" && (
        <p className="problem" role="alert" lang="en">
          {now.problem}
        </p>
      )}
      {previous !== null && (
        <Allowed permission="models.promote" hides>
          <Change
            button={text.rollBack}
            label={text.rollBackLabel(previous.model)}
            question={text.askRollBack(previous.model, now.name)}
            path="models/rollback"
            now={now}
            onChange={onChange}
          />
        </Allowed>
      )}
      {serving.shadow && <Compared shadow={serving.shadow} readMs={readMs} />}
    </div>
  );
}

/** The button that makes a model the one in use. */
export function Promote({ name, now, onChange }: { name: string; now: InUse; onChange: () => void }) {
  return (
    <Change
      button={text.promote}
      label={text.promoteLabel(name)}
      question={text.askPromote(name, now.name)}
      path={`models/${encodeURIComponent(name)}/promote`}
      now={now}
      onChange={onChange}
    />
  );
}

interface ChangeProperties {
  button: string;
  label: string;
  question: string;
  path: string;
  now: InUse;
  onChange: () => void;
}

/** A button that asks once more before it does what it says. */
function Change({ button, label, question, path, now, onChange }: ChangeProperties) {
  const [step, setStep] = useState<"idle" | "asking" | "working">("idle");
  const [problem, setProblem] = useState<string | null>(null);
  const change = async () => {
    setStep("working");
    setProblem(null);
    try {
      await request(path, {}, undefined, { instead_of: now.name });
    } catch (error) {
      setProblem(problemOf(error));
    }
    setStep("idle");
    onChange();
  };
  return (
    <div className="model-change">
      {step === "idle" && (
        <button type="button" className="promote" aria-label={label} onClick={() => setStep("asking")}>
          {button}
        </button>
      )}
      {step === "asking" && (
        <div role="group" aria-label={label} className="model-question">
          <span>{question}</span>{" "}
          <button type="button" autoFocus onClick={() => void change()}>
            {text.confirm}
          </button>{" "}
          <button type="button" onClick={() => setStep("idle")}>
            {text.cancel}
          </button>
        </div>
      )}
      {step === "working" && <span role="status">{text.working}</span>}
      {problem !== null && (
        <p className="problem" role="alert">
          <Words text={problem} />
        </p>
      )}
    </div>
  );
}

export function Compared({ shadow, readMs }: { shadow: Shadow; readMs: number }) {
  const name = shadow.name || (shadow.picker?.model ?? "");
  const rows = Object.entries(shadow.phases).filter(([, one]) => one.agreement !== null);
  return (
    <section aria-labelledby="shadow-title" className="shadow-compared">
      <h3 id="shadow-title">
        {text.compared(name)} <span className="badge">{text.shadowStates[shadow.state]}</span>
      </h3>
      <p className="muted">
        {text.shadowCounts(shadow.seen, shadow.shed, shadow.waiting)} {text.asOf(`${utc(readMs)} UTC`)}
      </p>
      {shadow.problem !== "" && (
        <p className="problem" lang="en">
          {shadow.problem}
        </p>
      )}
      {rows.length === 0 ? (
        <p className="empty">{text.nothingCompared}</p>
      ) : (
        <div className="table-scroll" tabIndex={0} role="group" aria-labelledby="shadow-title">
          <table>
            <thead>
              <tr>
                {[text.phase, text.agreement, text.both, text.onlyInUse, text.onlyShadow, text.residual].map(
                  (one) => (
                    <th key={one} scope="col">
                      {one}
                    </th>
                  ),
                )}
              </tr>
            </thead>
            <tbody>
              {rows.map(([phase, one]) => (
                <tr key={phase} data-phase={phase}>
                  <th scope="row">{phase}</th>
                  <td>{shareText(one.agreement)}</td>
                  <td>{one.n_both}</td>
                  <td>{one.n_in_use_only}</td>
                  <td>{one.n_shadow_only}</td>
                  <td>{residualText(one.residual_mean_s, one.residual_sd_s)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}

const shareText = (share: number | null): string =>
  share === null ? "" : `${(100 * share).toFixed(1)} %`;

const residualText = (mean: number | null, sd: number | null): string =>
  mean === null || sd === null ? "" : `${mean.toFixed(3)} ± ${sd.toFixed(3)}`;
