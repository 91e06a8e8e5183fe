/** How much slips on a fault: mapped traces are sent, and its efficiency is drawn. */

import { useMemo, useState, type FormEvent } from "react";

import { api, problemOf } from "../api/client";
import type { EventSummary, FaultProfileAnswer } from "../api/types";
import { EventMap } from "../map/EventMap";
import { NOTHING } from "../map/content";
import { keepProfile } from "../map/faultStore";
import { DARK, LIGHT } from "../map/palette";
import { Allowed } from "../account/permissions";
import { messages } from "../messages";
import { openEvent, useIsDark } from "../ui/hooks";
import { EfficiencyChart } from "./EfficiencyChart";
import { EfficiencyTable } from "./EfficiencyTable";
import { faultLines } from "./content";
import { Cautions, Words } from "../told/Words";

const text = messages.faults;
const NO_EVENTS: EventSummary[] = [];
const PUBLISHED_PIXEL_M = 75;

interface Found {
  name: string;
  sent: unknown;
  answer: FaultProfileAnswer;
}

export function FaultsView() {
  const [found, setFound] = useState<Found | null>(null);
  const lines = useMemo(
    () => (found === null ? NOTHING : faultLines(found.answer.data, found.sent)),
    [found],
  );
  return (
    <div className="columns events-view">
      <section className="panel" aria-labelledby="faults-title">
        <h2 id="faults-title">{text.title}</h2>
        <p>{text.explanation}</p>
        <Allowed permission="run">
          <Question onFound={setFound} />
        </Allowed>
        {found !== null && <Profile found={found} />}
      </section>
      <section className="panel side" aria-label={messages.map.label}>
        <EventMap events={NO_EVENTS} faults={lines} isStationMap onSelect={openEvent} />
      </section>
    </div>
  );
}

/** Ask for a file and the side of a pixel, and send both. */
function Question({ onFound }: { onFound: (found: Found | null) => void }) {
  const [file, setFile] = useState<File | null>(null);
  const [pixelM, setPixelM] = useState(String(PUBLISHED_PIXEL_M));
  const [problem, setProblem] = useState<string | null>(null);
  const [isBusy, setBusy] = useState(false);
  const ask = async (event: FormEvent) => {
    event.preventDefault();
    if (file === null) return;
    setBusy(true);
    setProblem(null);
    try {
      const sent: unknown = await file.text().then(JSON.parse).catch(() => {
        throw new Error(text.noGeoJson(file.name));
      });
      const answer = await api.faultProfile({ traces: sent, pixel_m: Number(pixelM) });
      const { data: profile, meta } = answer;
      const cautions = [...meta.warnings_told, ...meta.caveats_told];
      keepProfile({ name: file.name, profile, lines: faultLines(profile, sent), cautions });
      onFound({ name: file.name, sent, answer });
    } catch (error) {
      onFound(null);
      setProblem(problemOf(error));
    } finally {
      setBusy(false);
    }
  };
  return (
    <form className="panel-head" onSubmit={(event) => void ask(event)}>
      <label>
        {text.file}{" "}
        <input
          type="file"
          accept=".geojson,.json,application/geo+json"
          onChange={(event) => setFile(event.target.files?.[0] ?? null)}
        />
      </label>
      <label>
        {text.pixel}{" "}
        <input
          type="number"
          min="0.01"
          max="20000"
          step="any"
          required
          value={pixelM}
          onChange={(event) => setPixelM(event.target.value)}
        />
      </label>
      <button type="submit" disabled={file === null || isBusy}>
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

function Profile({ found }: { found: Found }) {
  const { data, meta } = found.answer;
  const colours = (useIsDark() ? DARK : LIGHT).efficiency;
  return (
    <div className="fault-profile">
      <h3>{found.name}</h3>
      <EfficiencyChart profile={data} />
      <div className="legend-row">
        <span className="key">
          0 <span className="ramp" style={{ background: `linear-gradient(to right, ${colours.join(", ")})` }} /> 1
        </span>
        <span>{text.efficiency}</span>
        <span className="key">
          <span className="ramp band-key" /> {text.band}
        </span>
        <span className="muted">{text.model(data.model)}</span>
        {!data.has_place && <span className="muted">{text.noPlace}</span>}
      </div>
      <EfficiencyTable profile={data} />
      <Cautions all={[...meta.warnings_told, ...meta.caveats_told]} />
    </div>
  );
}
