/** What lies on the map beside the events, each with its switch, its legend and its age. */

import { useMemo, useState } from "react";

import { api } from "../api/client";
import type { EventDetail, ForecastAnswer, ForecastRow, Posterior } from "../api/types";
import { cellsOf, countText, scaleOf, shortNumber, twoDigits, windowsOf, type MapKind } from "../forecast/content";
import { ForecastFacts } from "../forecast/ForecastFacts";
import { useForecast, useTick } from "../forecast/useForecast";
import { span, utc } from "../format";
import { useLive } from "../live/liveStore";
import { messages } from "../messages";
import { useIsDark, useRequest } from "../ui/hooks";
import { NOTHING, regionAreas, stationPoints } from "./content";
import { useKeptProfile, type KeptProfile } from "./faultStore";
import { FitButton, LayerSwitch, Ramp, useDrawn, type Draw } from "./LayerSwitch";
import { Triangle } from "./Legend";
import { DARK, LIGHT, type StationState } from "./palette";
import { SegmentLayer } from "./SegmentLayer";
import { ShakingLayer, useShakingChoice } from "./ShakingLayer";
import { say } from "../told/told";
import { Around, Failed } from "../told/Words";

const text = messages.mapTools;

interface Properties {
  event: EventDetail | null;
  posterior: Posterior | null;
  draw: Draw;
}

export function MapLayers({ event, posterior, draw }: Properties) {
  return (
    <section className="panel" aria-labelledby="layers-title">
      <h3 id="layers-title">{text.layers}</h3>
      <LayerSwitch label={messages.nav.stations} isFirstOn>
        <StationLayer draw={draw} />
      </LayerSwitch>
      <LayerSwitch label={text.posterior} isFirstOn>
        <PosteriorLayer event={event} posterior={posterior} draw={draw} />
      </LayerSwitch>
      <LayerSwitch label={text.shaking}>
        <ShakingOf event={event} draw={draw} />
      </LayerSwitch>
      <LayerSwitch label={messages.forecast.title}>
        <ForecastLayer draw={draw} />
      </LayerSwitch>
      <LayerSwitch label={messages.segment.layer}>
        <SegmentLayer draw={draw} />
      </LayerSwitch>
      <LayerSwitch label={text.fault}>
        <FaultLayer draw={draw} />
      </LayerSwitch>
    </section>
  );
}

function StationLayer({ draw }: { draw: Draw }) {
  const stations = useLive("stations");
  const health = useLive("health");
  const dataNowMs = useLive("dataNowMs");
  const isStored = useLive("service")?.is_stored ?? false;
  const palette = useIsDark() ? DARK : LIGHT;
  // states change in steps of half a minute, so the map need not follow each second
  const slowMs = dataNowMs === null ? null : Math.ceil(dataNowMs / 10_000) * 10_000;
  const points = useMemo(
    () => stationPoints(stations, health, dataNowMs),
    [stations, health.length, slowMs],
  );
  useDrawn(draw, "stations", points);
  if (stations.length === 0) return <p className="muted">{text.noStations}</p>;
  const states: StationState[] = isStored ? ["stored", "none"] : ["current", "late", "silent", "none"];
  return (
    <div className="legend-row">
      {states.map((state) => (
        <span key={state} className="key">
          <Triangle colour={palette.stations[state]} edge={palette.edge} /> {messages.map.stations[state]}
        </span>
      ))}
    </div>
  );
}

function PosteriorLayer({ event, posterior, draw }: Properties) {
  const areas = useMemo(() => regionAreas(posterior), [posterior]);
  useDrawn(draw, "regions", event === null ? NOTHING : areas);
  if (event === null) return <p className="muted">{text.selectFirst}</p>;
  if (posterior !== null && areas.features.length === 0) {
    return <p className="muted">{messages.detail.noPosterior}</p>;
  }
  return <p className="note">{messages.map.regions}</p>;
}

function ShakingOf({ event, draw }: { event: EventDetail | null; draw: Draw }) {
  const choice = useShakingChoice();
  const key = event === null ? "" : `${event.event_id} ${event.version}`;
  const { data, problem } = useRequest(
    async (signal) => (event === null ? null : api.shaking(event.event_id, signal)),
    key,
    key,
  );
  if (event === null) return <p className="muted">{text.selectFirst}</p>;
  if (problem !== null) return <Failed problem={problem} />;
  if (data === null) return <p>{messages.loading}</p>;
  if (data.data === null) return <p className="muted"><Around told={messages.shaking.none} words={say(data.meta.reason_told)} /></p>;
  return <ShakingLayer map={data.data} cautions={data.meta.cautions_told} choice={choice} draw={draw} />;
}

function ForecastLayer({ draw }: { draw: Draw }) {
  const { data, problem } = useForecast();
  if (problem !== null) return <Failed problem={problem} />;
  if (data === null) return <p>{messages.loading}</p>;
  if (data.kind === "none") return <p className="muted"><Around told={messages.forecast.none} words={data.reason} /></p>;
  if (data.kind === "withdrawn") {
    const { cut_off_age_s: age, max_age_s: limit } = data.detail;
    return <p className="warning">{messages.forecast.withdrawn(span(age), span(limit))}</p>;
  }
  return <ForecastCells answer={data.answer} readMs={data.readMs} draw={draw} />;
}

function ForecastCells({ answer, readMs, draw }: { answer: ForecastAnswer; readMs: number; draw: Draw }) {
  const forecast = answer.data;
  const colours = (useIsDark() ? DARK : LIGHT).shaking;
  const [kind, setKind] = useState<MapKind>("multiple");
  const cells = useMemo(() => cellsOf(forecast, kind, colours), [forecast, kind, colours]);
  useDrawn(draw, "forecast", cells);
  const row = commonRow(forecast.rows);
  const words = messages.forecast;
  return (
    <>
      {forecast.grid === null ? (
        <p className="muted">{text.noGrid}</p>
      ) : (
        <>
          <label>
            {words.mapLabel}{" "}
            <select value={kind} onChange={(event) => setKind(event.target.value as MapKind)}>
              <option value="multiple">{words.byMultiple}</option>
              <option value="number">{words.byNumber}</option>
            </select>
          </label>
          <div className="legend-row">
            <Ramp {...endsOf(scaleOf(forecast.grid, kind))} colours={colours} />
            <span className="muted">{words.cells(String(forecast.mc))}</span>
            <FitButton data={cells} />
          </div>
        </>
      )}
      <p className="note">
        {text.numberOf(words.orLarger(String(row.magnitude)), words.windows(row.days))}{" "}
        <strong>{countText(row)}</strong> ({words.multiple}: {twoDigits(row.multiple)})
      </p>
      <ForecastFacts forecast={forecast} meta={answer.meta} readMs={readMs} />
    </>
  );
}

/** The least magnitude in a week, of which there are the most to count. */
function commonRow(rows: ForecastRow[]): ForecastRow {
  const windows = windowsOf(rows);
  return (windows.find((one) => one.days === 7) ?? windows[0]!).rows[0]!;
}

const endsOf = ([low, high]: [number, number]) => ({ low: shortNumber(low), high: shortNumber(high) });

function FaultLayer({ draw }: { draw: Draw }) {
  const kept = useKeptProfile();
  useDrawn(draw, "faults", kept?.lines ?? NOTHING);
  if (kept === null) {
    return (
      <p className="muted">
        {text.noFault} <a href="#/faults">{messages.nav.faults}</a>
      </p>
    );
  }
  return <FaultLegend kept={kept} />;
}

function FaultLegend({ kept }: { kept: KeptProfile }) {
  useTick(5000);
  const colours = (useIsDark() ? DARK : LIGHT).efficiency;
  return (
    <>
      <div className="legend-row">
        <Ramp low="0" high="1" colours={colours} />
        <span>{messages.faults.efficiency}</span>
        {kept.profile.has_place && <FitButton data={kept.lines} />}
      </div>
      <p className="note">
        {kept.name}, {messages.faults.model(kept.profile.model)}, {utc(kept.atMs)} UTC (
        {messages.forecast.ago(span((Date.now() - kept.atMs) / 1000))})
      </p>
      {!kept.profile.has_place && <p className="muted">{messages.faults.noPlace}</p>}
    </>
  );
}
