/** The map of all events: time, filters, wavefronts, and layers that are switched on one by one. */

import { useCallback, useEffect, useMemo, useRef, useState } from "react";

import { api } from "../api/client";
import type { EventDetail } from "../api/types";
import { usePosterior } from "../events/usePosterior";
import { Badges, depthText, nameOf } from "../events/words";
import { latitude, longitude, utc, utcPlusMinus } from "../format";
import { useLive } from "../live/liveStore";
import { messages } from "../messages";
import { eventAddress, useIsDark, useRequest } from "../ui/hooks";
import { extentOf, NO_FILTERS, passes, tell, type Filters, type Range, type Told } from "./catalogue";
import { catalogue, useCatalogue, type CatalogueState } from "./catalogueStore";
import { boundsOf } from "./content";
import { FilterForm } from "./FilterForm";
import { Circle } from "./Legend";
import { Fit, type Draw } from "./LayerSwitch";
import type { EventColour } from "./mapLayers";
import { MapLayers } from "./MapLayers";
import type { MapView } from "./mapView";
import { DARK, LIGHT } from "./palette";
import { setPlace, usePlace } from "./place";
import { rangeAt, STEPS } from "./timeline";
import { TimeSlider } from "./TimeSlider";
import { WavePanel } from "./WavePanel";
import "./explore.css";
import { Failed } from "../told/Words";

const text = messages.mapTools;
/** The end of the time axis follows the data in steps, so that it does not move under the hand. */
const AXIS_MS = 60_000;

export function MapPage() {
  const state = useCatalogue();
  const [places, setPlaces] = useState<[number, number]>([0, STEPS]);
  const [isPlaying, setPlaying] = useState(false);
  const [filters, setFilters] = useState<Filters>(NO_FILTERS);
  const [by, setBy] = useState<EventColour>("depth");
  const [selected, setSelected] = useState<string | null>(null);
  const [isPlacing, setPlacing] = useState(false);
  const { view, holder, hasFailed } = useMapView(setSelected);
  const whole = useWhole(state);
  const range = whole === null ? null : rangeAt(whole, places[0], places[1]);
  const told = useShown(view, state, filters, range, by);
  const draw: Draw = useCallback((name, data) => void view?.draw(name, data), [view]);
  const fitTo = useCallback(
    (data: GeoJSON.FeatureCollection) => {
      const box = boundsOf([data]);
      if (box !== null) view?.fit(box);
    },
    [view],
  );
  const event = useSelected(selected, view, state);
  const posterior = usePosterior(event ?? undefined);
  usePlaceMark(view, isPlacing, setPlacing);
  return (
    <div className="map-page">
      <section className="panel" aria-labelledby="map-title">
        <div className="panel-head">
          <h2 id="map-title">{text.title}</h2>
          <Count told={told} state={state} isQuiet={isPlaying} />
        </div>
        {state.problem !== null && <Failed problem={state.problem} />}
        <FilterForm filters={filters} onChange={setFilters} />
        {hasFailed ? (
          <p className="note">{messages.map.noWebGl}</p>
        ) : (
          <figure className="map">
            <div ref={holder} className="map-canvas" />
            <Colours by={by} onColour={setBy} onFit={() => fit(view)} />
          </figure>
        )}
        {whole !== null && (
          <TimeSlider
            whole={whole}
            places={places}
            isPlaying={isPlaying}
            onMove={setPlaces}
            onPlay={setPlaying}
          />
        )}
      </section>
      <div className="map-tools">
        <Selected told={told} event={event} onSelect={setSelected} />
        <WavePanel
          isPlacing={isPlacing}
          onPlacing={setPlacing}
          middle={() => view?.middle ?? null}
          onDraw={(lines) => view?.drawWaves(lines)}
        />
        <Fit value={fitTo}>
          <MapLayers event={event} posterior={posterior} draw={draw} />
        </Fit>
      </div>
    </div>
  );
}

function useMapView(onSelect: (eventId: string) => void) {
  const holder = useRef<HTMLDivElement>(null);
  const [view, setView] = useState<MapView | null>(null);
  const [hasFailed, setFailed] = useState(false);
  const select = useRef(onSelect);
  select.current = onSelect;
  useEffect(() => {
    let made: MapView | null = null;
    let isGone = false;
    import("./mapView")
      .then((module) => {
        if (isGone || holder.current === null) return;
        made = new module.MapView(holder.current, (id) => select.current(id), text.mapLabel);
        setView(made);
      })
      .catch(() => setFailed(true));
    return () => {
      isGone = true;
      made?.remove();
    };
  }, []);
  return { view, holder, hasFailed };
}

/** From the first event to the newest data, in steps. */
function useWhole(state: CatalogueState): Range | null {
  const dataNowMs = useLive("dataNowMs");
  const slowMs = dataNowMs === null ? null : Math.ceil(dataNowMs / AXIS_MS) * AXIS_MS;
  return useMemo(() => extentOf(catalogue.rows, slowMs), [state.revision, slowMs]);
}

/** Keep the map to what filters and time let through, and tell how much that is. */
function useShown(
  view: MapView | null,
  state: CatalogueState,
  filters: Filters,
  range: Range | null,
  by: EventColour,
): Told {
  const given = useRef(0);
  useEffect(() => {
    given.current = 0;
  }, [view]);
  useEffect(() => {
    if (view === null) return;
    const changed = [...new Set(catalogue.changes.slice(given.current))];
    given.current = catalogue.changes.length;
    view.addEvents(changed.map((index) => catalogue.rows[index]!));
  }, [view, state.revision]);
  const hasSome = catalogue.rows.length > 0;
  useEffect(() => {
    if (view !== null && !view.isMoved) fit(view);
  }, [view, hasSome, state.isComplete]);
  const [startMs, endMs] = [range?.startMs ?? 0, range?.endMs ?? 0];
  useEffect(() => {
    view?.select({ filters, range: { startMs, endMs }, by, nowS: Math.ceil(endMs / 1000) });
  }, [view, filters, startMs, endMs, by]);
  return useMemo(
    () => tell(catalogue.rows, filters, { startMs, endMs }),
    [state.revision, filters, startMs, endMs],
  );
}

function fit(view: MapView | null): void {
  const standing = catalogue.rows.filter((row) => passes(row, NO_FILTERS));
  const coordinates = standing.map((row) => [row.longitude, row.latitude]);
  const geometry: GeoJSON.MultiPoint = { type: "MultiPoint", coordinates };
  const box = boundsOf([
    { type: "FeatureCollection", features: [{ type: "Feature", properties: {}, geometry }] },
  ]);
  if (box !== null) view?.fit(box);
}

/** All that is known of the selected event, with a ring around it on the map. */
function useSelected(selected: string | null, view: MapView | null, { revision }: CatalogueState): EventDetail | null {
  const known = useMemo(() => (selected === null ? undefined : catalogue.rowOf(selected)), [selected, revision]);
  const { data } = useRequest(
    async (signal) => (selected === null ? null : api.event(selected, null, signal)),
    `${selected ?? ""} ${known?.version ?? ""} ${known?.state ?? ""}`,
  );
  const event = data?.event_id === selected ? data : null;
  useEffect(() => {
    view?.markEvent(known ?? null);
  }, [selected, view, known]);
  return event;
}

/** Mark the reader's place, and take the next click for it where that is asked for. */
function usePlaceMark(view: MapView | null, isPlacing: boolean, onPlacing: (isPlacing: boolean) => void): void {
  const place = usePlace();
  useEffect(() => {
    view?.markPlace(place === null ? null : [place.longitude, place.latitude], text.yourPlace);
  }, [view, place]);
  useEffect(() => {
    if (view === null) return;
    view.placing(isPlacing);
    view.onPlace = (x, y) => {
      setPlace({ longitude: x, latitude: y });
      onPlacing(false);
    };
  }, [view, isPlacing, onPlacing]);
}

function Count({ told, state, isQuiet }: { told: Told; state: CatalogueState; isQuiet: boolean }) {
  const isReading = !state.isComplete && state.problem === null;
  return (
    <p className="muted map-count" aria-live={isQuiet || isReading ? "off" : "polite"} data-shown={told.count}>
      {text.count(told.count, catalogue.rows.length)}
      {isReading && ` ${text.reading(state.total === null ? "…" : String(state.total))}`}
      {state.isComplete && state.total !== null && state.total > catalogue.rows.length &&
        ` ${text.newestOnly(state.total)}`}
    </p>
  );
}

interface ColourProperties {
  by: EventColour;
  onColour: (by: EventColour) => void;
  onFit: () => void;
}

function Colours({ by, onColour, onFit }: ColourProperties) {
  const palette = useIsDark() ? DARK : LIGHT;
  const colours = by === "age" ? palette.ages : palette.depths;
  return (
    <figcaption className="legend">
      <div className="legend-row">
        <label>
          {messages.map.colour}{" "}
          <select value={by} onChange={(event) => onColour(event.target.value as EventColour)}>
            <option value="depth">{messages.map.byDepth}</option>
            <option value="age">{text.byAgeAtEnd}</option>
          </select>
        </label>
        {(by === "age" ? messages.map.ages : messages.map.depths).map((word, index) => (
          <span key={word} className="key">
            <Circle colour={colours[index]!} edge={palette.edge} /> {word}
          </span>
        ))}
        <span>{messages.map.sizes}</span>
        <button type="button" className="small" onClick={onFit}>
          {messages.map.fit}
        </button>
        <span className="muted">{messages.map.credit}</span>
      </div>
    </figcaption>
  );
}

interface SelectedProperties {
  told: Told;
  event: EventDetail | null;
  onSelect: (eventId: string) => void;
}

/** The newest events shown, for who does not use the map itself, and the one that is selected. */
function Selected({ told, event, onSelect }: SelectedProperties) {
  return (
    <section className="panel" aria-labelledby="selected-title">
      <h3 id="selected-title">{text.selected}</h3>
      {event === null ? (
        <p className="empty">{text.selectHint}</p>
      ) : (
        <p data-selected={event.event_id}>
          <a href={eventAddress(event.event_id)}>{nameOf(event)}</a> <Badges event={event} />
          <br />
          {utcPlusMinus(event.time, event.time_sd_s)} UTC, {depthText(event)}
        </p>
      )}
      <h4 id="newest-title">{text.newest}</h4>
      {told.newest.length === 0 && <p className="muted">{text.noneShown}</p>}
      <ul className="newest" aria-labelledby="newest-title">
        {told.newest.map((row) => (
          <li key={row.id}>
            <button
              type="button"
              className="small"
              aria-pressed={row.id === event?.event_id}
              onClick={() => onSelect(row.id)}
            >
              {`${utc(row.timeMs)} UTC`}
              {row.magnitude !== null && `, M ${row.magnitude.toFixed(1)}`}
              {`, ${latitude(row.latitude, 2)} ${longitude(row.longitude, 2)}`}
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}
