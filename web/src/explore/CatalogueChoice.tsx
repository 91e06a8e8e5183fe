/** Which catalogue is looked at, and the sending of another one. */

import { problemOf } from "../api/client";
import { useState, type ChangeEvent } from "react";

import { Allowed } from "../account/permissions";
import { messages } from "../messages";
import { catalogues, type CatalogueEntry } from "./client";
import { Words } from "../told/Words";

const text = messages.explore;
export const MOST_BYTES = 16 * 2 ** 20;

interface Properties {
  entries: CatalogueEntry[];
  chosen: string;
  onChoose: (id: string) => void;
  onChanged: () => void;
}

export function CatalogueChoice({ entries, chosen, onChoose, onChanged }: Properties) {
  const [problem, setProblem] = useState<string | null>(null);
  const [told, setTold] = useState<CatalogueEntry | null>(null);
  const [isBusy, setBusy] = useState(false);
  const attempt = async (action: () => Promise<void>) => {
    setBusy(true);
    setProblem(null);
    try {
      await action();
    } catch (error) {
      setProblem(problemOf(error));
    } finally {
      setBusy(false);
    }
  };
  const add = (event: ChangeEvent<HTMLInputElement>) => {
    const file = event.target.files?.[0];
    event.target.value = "";
    if (file === undefined) return;
    void attempt(async () => {
      if (file.size > MOST_BYTES) throw new Error(text.tooLarge(file.name, MOST_BYTES / 2 ** 20));
      const made = await catalogues.add(file);
      setTold(made);
      onChanged();
      onChoose(made.catalogue_id);
    });
  };
  const entry = entries.find((one) => one.catalogue_id === chosen);
  return (
    <div className="panel-head">
      <label>
        {text.catalogue}{" "}
        <select value={chosen} onChange={(event) => onChoose(event.target.value)}>
          {entries.map((one) => (
            <option key={one.catalogue_id} value={one.catalogue_id}>
              {one.kind === "live" ? text.live : one.name}
            </option>
          ))}
          {entry === undefined && <option value={chosen}>{text.gone}</option>}
        </select>
      </label>
      <Allowed permission="run">
        <label>
          {text.upload}{" "}
          <input type="file" disabled={isBusy} onChange={add} aria-describedby="explore-forms" />
        </label>
      </Allowed>
      {entry?.kind === "upload" && (
        <Allowed permission="run" hides>
          <button
            type="button"
            disabled={isBusy}
            onClick={() =>
              void attempt(async () => {
                await catalogues.remove(chosen);
                setTold(null);
                onChoose("live");
                onChanged();
              })
            }
          >
            {text.remove}
          </button>
        </Allowed>
      )}
      {isBusy && <span role="status">{messages.loading}</span>}
      {entry?.is_synthetic === true && <span className="badge synthetic">{text.synthetic}</span>}
      <p className="muted note" id="explore-forms">
        {text.forms}
      </p>
      {told !== null && told.catalogue_id === chosen && told.skipped_count > 0 && (
        <details>
          <summary>{text.skipped(told.skipped_count)}</summary>
          <ul lang="en">
            {told.skipped.map((one) => (
              <li key={one}>{one}</li>
            ))}
          </ul>
        </details>
      )}
      {problem !== null && (
        <p className="problem" role="alert">
          <Words text={problem} />
        </p>
      )}
    </div>
  );
}
