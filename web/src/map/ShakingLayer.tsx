/** The shaking of the selected event on the map: median, spread, or how likely a value is exceeded. */

import { useMemo, useState } from "react";

import type { ShakingMap } from "../api/types";
import { useTick } from "../forecast/useForecast";
import { compact, span, utc } from "../format";
import { live } from "../live/liveStore";
import { messages, textOf } from "../messages";
import { nameOfMeasure, linesOf, unitOf } from "../shaking/content";
import { useIsDark } from "../ui/hooks";
import { FitButton, Ramp, useDrawn, type Draw } from "./LayerSwitch";
import { DARK, LIGHT } from "./palette";
import { shakingCells, SHAKING_KINDS, type ShakingKind } from "./shakingCells";
import type { Told } from "../told/told";
import { Cautions } from "../told/Words";

const text = messages.mapTools;
const words = messages.shaking;
const FIRST_LIMIT = "0.1";

interface Properties {
  map: ShakingMap;
  cautions: readonly Told[];
  choice: ShakingChoice;
  draw: Draw;
}

export type ShakingChoice = ReturnType<typeof useShakingChoice>;

/** What the reader wants to see of any event's shaking; held where it outlasts the map of one of them. */
export function useShakingChoice() {
  const [measure, setMeasure] = useState<string | null>(null);
  const [kind, setKind] = useState<ShakingKind>("median");
  const [limit, setLimit] = useState(FIRST_LIMIT);
  return { measure, setMeasure, kind, setKind, limit, setLimit };
}

export function ShakingLayer({ map, cautions, choice, draw }: Properties) {
  const colours = (useIsDark() ? DARK : LIGHT).shaking;
  const { measure, setMeasure, kind, setKind, limit, setLimit } = choice;
  const shown = measure !== null && map.measures.includes(measure) ? measure : map.measures[0]!;
  const found = useMemo(
    () => shakingCells(map, shown, kind, Number(limit), colours),
    [map, shown, kind, limit, colours],
  );
  const drawn = useMemo(() => {
    const lines = kind === "median" ? linesOf(map, shown, colours, false).features : [];
    return { type: "FeatureCollection" as const, features: [...found.cells.features, ...lines] };
  }, [found, map, shown, kind, colours]);
  useDrawn(draw, "shaking", drawn);
  const unit = kind === "median" ? ` ${unitOf(shown)}` : "";
  return (
    <>
      <div className="layer-choices">
        <label>
          {words.measure}{" "}
          <select value={shown} onChange={(event) => setMeasure(event.target.value)}>
            {map.measures.map((one) => (
              <option key={one} value={one}>
                {nameOfMeasure(one)}
              </option>
            ))}
          </select>
        </label>
        <label>
          {text.shakingKind}{" "}
          <select value={kind} onChange={(event) => setKind(event.target.value as ShakingKind)}>
            {SHAKING_KINDS.map((one) => (
              <option key={one} value={one}>
                {textOf(text.shakingKinds, one)}
              </option>
            ))}
          </select>
        </label>
        {kind === "exceedance" && (
          <label>
            {text.limit(unitOf(shown))}{" "}
            <input type="number" min="0" step="any" value={limit} onChange={(event) => setLimit(event.target.value)} />
          </label>
        )}
      </div>
      <div className="legend-row">
        <Ramp low={`${compact(found.low)}${unit}`} high={`${compact(found.high)}${unit}`} colours={colours} />
        <FitButton data={found.cells} />
        {map.extrapolated_share > 0 && <span className="muted">{text.paler}</span>}
      </div>
      <ShakingAge map={map} />
      <Cautions all={cautions} />
    </>
  );
}

function ShakingAge({ map }: { map: ShakingMap }) {
  useTick(5000);
  const nowMs = live.current().dataNowMs;
  const atMs = map.time === null ? null : Date.parse(map.time);
  return (
    <p className="note">
      {words.model(map.model)}, {words.forMagnitude(map.magnitude.toFixed(1), map.n_draws)}
      {map.version !== null && `, ${text.version(map.version)}`}
      {atMs !== null && `, ${utc(atMs)} UTC`}
      {atMs !== null && nowMs !== null && ` (${messages.forecast.ago(span((nowMs - atMs) / 1000))})`}
    </p>
  );
}
