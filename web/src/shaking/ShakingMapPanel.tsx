/** A map of shaking with its legend, its numbers and what limits it. */

import { useMemo, useState } from "react";

import type { EventSummary, ShakingMap } from "../api/types";
import { Fact } from "../events/Facts";
import { EventMap } from "../map/EventMap";
import { DARK, LIGHT } from "../map/palette";
import { messages } from "../messages";
import { openEvent, useIsDark } from "../ui/hooks";
import { FRAME_COLOUR, hasEdge, levelsOf, linesOf, nameOfMeasure, summaryOf, unitOf } from "./content";
import type { Told } from "../told/told";
import { Cautions } from "../told/Words";

const text = messages.shaking;
const NO_EVENTS: EventSummary[] = [];

interface Properties {
  map: ShakingMap;
  cautions: readonly Told[];
}

export function ShakingMapPanel({ map, cautions }: Properties) {
  const colours = (useIsDark() ? DARK : LIGHT).shaking;
  const [chosen, setChosen] = useState(map.measures[0]!);
  const measure = map.measures.includes(chosen) ? chosen : map.measures[0]!;
  const lines = useMemo(() => linesOf(map, measure, colours, true), [map, measure, colours]);
  const levels = levelsOf(map, measure, colours);
  const told = summaryOf(map, measure);
  return (
    <div className="shaking-map">
      <label>
        {text.measure}{" "}
        <select value={measure} onChange={(event) => setChosen(event.target.value)}>
          {map.measures.map((one) => (
            <option key={one} value={one}>
              {nameOfMeasure(one)}
            </option>
          ))}
        </select>
      </label>
      <EventMap events={NO_EVENTS} shaking={lines} isStationMap onSelect={openEvent} />
      <div className="legend-row">
        <span>{text.contours(unitOf(measure))}</span>
        {levels.map((one) => (
          <span key={one.value} className="key level">
            <span className="ramp" style={{ background: one.colour }} /> {one.value.toPrecision(2)}
          </span>
        ))}
        <span className="key muted">
          <span className="ramp" style={{ background: FRAME_COLOUR }} /> {text.frame}
        </span>
        {hasEdge(map) && <span className="muted">{text.edge}</span>}
        <span className="muted">{text.model(map.model)}</span>
        <span className="muted">{text.forMagnitude(map.magnitude.toFixed(1), map.n_draws)}</span>
      </div>
      <dl className="facts">
        <Fact term={text.strongest}>
          {told.strongest.toPrecision(2)} {unitOf(measure)}
        </Fact>
        <Fact term={text.spread}>
          {told.factor.toFixed(1)} ({text.epistemic} {told.epistemicFactor.toFixed(1)})
        </Fact>
      </dl>
      <Cautions all={cautions} />
    </div>
  );
}
