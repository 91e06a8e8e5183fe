/** The map as a component, with its legend; MapLibre itself comes when it is first needed. */

import { useEffect, useMemo, useRef, useState, type ReactNode } from "react";

import type { EventSummary, Posterior } from "../api/types";
import { useLive } from "../live/liveStore";
import { messages } from "../messages";
import {
  boundsOf,
  eventPoints,
  NOTHING,
  regionAreas,
  samplePoints,
  stationPoints,
  type MapContent,
} from "./content";
import { Legend } from "./Legend";
import { useSegments } from "./segments";
import type { EventColour } from "./mapLayers";
import type { MapView } from "./mapView";

interface Properties {
  events: EventSummary[];
  selected?: string | null;
  posterior?: Posterior | null;
  /** Show where this one event may lie: draws too, and the view kept to it. */
  isPosteriorMap?: boolean;
  /** Stations alone. */
  isStationMap?: boolean;
  /** Traces and efficiency of a fault; the view moves to each new one. */
  faults?: GeoJSON.FeatureCollection;
  /** Cells of a forecast; the view moves to another region. */
  forecast?: GeoJSON.FeatureCollection;
  /** What its colours mean, below the map. */
  forecastLegend?: ReactNode;
  /** Lines of equal shaking; the view moves to each new set. */
  shaking?: GeoJSON.FeatureCollection;
  /** Whose regions they are. */
  regionsText?: string;
  onSelect: (eventId: string) => void;
}

type Box = [number, number, number, number];

export function EventMap({
  events,
  selected = null,
  posterior = null,
  isPosteriorMap = false,
  isStationMap = false,
  faults = NOTHING,
  forecast = NOTHING,
  forecastLegend = null,
  shaking = NOTHING,
  regionsText = messages.map.regions,
  onSelect,
}: Properties) {
  const label = isPosteriorMap ? messages.map.posteriorLabel : messages.map.label;
  const holder = useRef<HTMLDivElement>(null);
  const [view, setView] = useState<MapView | null>(null);
  const [hasFailed, setFailed] = useState(false);
  const [by, setBy] = useState<EventColour>("age");
  const select = useRef(onSelect);
  select.current = onSelect;
  const [hasSegments, setHasSegments] = useState(false);
  const { segments, problem } = useSegments(hasSegments);
  const marks = useContent(events, selected, posterior, isPosteriorMap);
  const content = useMemo(
    () => ({ ...marks, segments: segments ?? NOTHING, faults, forecast, shaking }),
    [marks, segments, faults, forecast, shaking],
  );

  useEffect(() => {
    let made: MapView | null = null;
    let isGone = false;
    import("./mapView")
      .then((module) => {
        if (isGone || holder.current === null) return;
        made = new module.MapView(holder.current, (id) => select.current(id), label);
        setView(made);
      })
      .catch(() => setFailed(true));
    return () => {
      isGone = true;
      made?.remove();
    };
  }, [label]);

  useEffect(() => void view?.show(content), [view, content]);
  useEffect(() => void view?.colourBy(by), [view, by]);

  const whole = useMemo(() => wholeBox(content), [content]);
  const box = useMemo(
    () => (isPosteriorMap ? boundsOf([content.regions, content.events]) : whole),
    [content, isPosteriorMap, whole],
  );
  // a new box alone moves no map, for the reader may have moved it; the first box does
  const isBoxed = box !== null;
  useEffect(() => {
    if (view !== null && box !== null) view.fit(box);
  }, [view, isBoxed, isPosteriorMap && posterior?.version, faults, shaking]);

  if (hasFailed) return <p className="note">{messages.map.noWebGl}</p>;
  return (
    <figure className="map">
      <div ref={holder} className="map-canvas" />
      {forecastLegend}
      <Legend
        by={by}
        onColour={setBy}
        isPosteriorMap={isPosteriorMap}
        hasEventColours={!isPosteriorMap && !isStationMap}
        hasRegions={content.regions.features.length > 0}
        regionsText={regionsText}
        hasSegments={hasSegments}
        onSegments={isPosteriorMap || isStationMap ? null : setHasSegments}
        segments={segments}
        segmentsProblem={problem}
        onFit={() => whole !== null && view?.fit(whole)}
      />
    </figure>
  );
}

function useContent(
  events: EventSummary[],
  selected: string | null,
  posterior: Posterior | null,
  isPosteriorMap: boolean,
): Omit<MapContent, "segments" | "faults" | "forecast" | "shaking"> {
  const stations = useLive("stations");
  const health = useLive("health");
  const dataNowMs = useLive("dataNowMs");
  // ages are shown in steps, so the map need not follow each second
  const slowMs = dataNowMs === null ? null : Math.ceil(dataNowMs / 10_000) * 10_000;
  return useMemo(
    () => ({
      stations: stationPoints(stations, health, dataNowMs),
      events: eventPoints(events, slowMs ?? Date.now(), selected),
      regions: regionAreas(posterior),
      samples: samplePoints(isPosteriorMap ? posterior : null),
    }),
    // health and time change each second; the map follows the slow time
    [stations, health.length, slowMs, events, selected, posterior, isPosteriorMap],
  );
}

const wholeBox = (content: MapContent): Box | null =>
  content.forecast.features.length > 0
    ? boundsOf([content.forecast])
    : content.faults.features.length + content.shaking.features.length > 0
      ? boundsOf([content.faults, content.shaking])
      : boundsOf([content.stations, content.events, content.regions]);
