/** The cells of a forecast on the map, as numbers or beside the long term. */

import { useMemo, useState } from "react";

import type { EventSummary, Forecast } from "../api/types";
import { useLive } from "../live/liveStore";
import { EventMap } from "../map/EventMap";
import { DARK, LIGHT } from "../map/palette";
import { messages } from "../messages";
import { openEvent, useIsDark } from "../ui/hooks";
import { cellsOf, scaleOf, shortNumber, type MapKind } from "./content";

const text = messages.forecast;

export function ForecastMap({ forecast }: { forecast: Forecast }) {
  const colours = (useIsDark() ? DARK : LIGHT).shaking;
  const [kind, setKind] = useState<MapKind>("number");
  const [hasEvents, setHasEvents] = useState(false);
  const events = useLive("events");
  const cells = useMemo(() => cellsOf(forecast, kind, colours), [forecast, kind, colours]);
  const shown = useMemo(() => (hasEvents ? events.filter(isKnown) : []), [events, hasEvents]);
  if (forecast.grid === null) return null;
  const [low, high] = scaleOf(forecast.grid, kind);
  const legend = (
    <div className="legend-row">
      <span className="key">
        {shortNumber(low)}{" "}
        <span className="ramp" style={{ background: `linear-gradient(to right, ${colours.join(", ")})` }} />{" "}
        {shortNumber(high)}
      </span>
      <span>{kind === "number" ? text.byNumber : text.byMultiple}</span>
      <span className="muted">{text.cells(String(forecast.mc))}</span>
    </div>
  );
  return (
    <>
      <label>
        {text.mapLabel}{" "}
        <select value={kind} onChange={(event) => setKind(event.target.value as MapKind)}>
          <option value="number">{text.byNumber}</option>
          <option value="multiple">{text.byMultiple}</option>
        </select>
      </label>{" "}
      <label>
        <input
          type="checkbox"
          checked={hasEvents}
          onChange={(event) => setHasEvents(event.target.checked)}
        />{" "}
        {text.showEvents}
      </label>
      <EventMap events={shown} forecast={cells} forecastLegend={legend} onSelect={openEvent} />
    </>
  );
}

const isKnown = (event: EventSummary): boolean => event.kind !== "cancel" && event.magnitude !== null;
