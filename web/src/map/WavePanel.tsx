/** Wavefronts of the newest event: circles on the map, and when S comes to the reader's place. */

import { useEffect, useRef, useState, type FormEvent } from "react";

import { api } from "../api/client";
import type { EventSummary, TravelTimes } from "../api/types";
import { nameOf } from "../events/words";
import { latitude, longitude } from "../format";
import { live, useLive } from "../live/liveStore";
import { messages } from "../messages";
import { useRequest } from "../ui/hooks";
import { NOTHING } from "./content";
import { useReducedMotion } from "./motion";
import { isPlace, setPlace, usePlace } from "./place";
import { coming, DataClock, distanceKm, fronts, isRecent, type Coming, type Place } from "./wavefronts";
import { Failed } from "../told/Words";

const text = messages.mapTools;
const FRAME_MS = 100;
const SECOND_MS = 1000;
/** Readers aloud are told at most this often. */
const ALOUD_MS = 5000;
/** Models that the service gives times of by name; others are files of whoever ran it. */
const NAMED_MODEL = /^(iasp91|ak135)$|^(constant|gradient):/;
const AVERAGE_EARTH = "iasp91";

interface Properties {
  isPlacing: boolean;
  onPlacing: (isPlacing: boolean) => void;
  middle: () => [number, number] | null;
  onDraw: (lines: GeoJSON.FeatureCollection) => void;
}

export function WavePanel({ isPlacing, onPlacing, middle, onDraw }: Properties) {
  const [isOn, setOn] = useState(true);
  const place = usePlace();
  const { event, ageS, now } = useRecentEvent();
  const model = modelOf(event);
  const key = event === null || !isOn ? "" : `${event.depth_km} ${model}`;
  const { data: times, problem } = useRequest(
    async (signal) => (key === "" || event === null ? null : api.travelTimes(event.depth_km, model, signal)),
    key,
    key,
  );
  useFronts(isOn ? event : null, times, now, onDraw);
  return (
    <section className="panel" aria-labelledby="waves-title">
      <h3 id="waves-title">{text.waves}</h3>
      <label>
        <input type="checkbox" checked={isOn} onChange={(one) => setOn(one.target.checked)} />{" "}
        {text.showWaves}
      </label>
      {isOn && problem !== null && <Failed problem={problem} />}
      {isOn && event === null && <p className="empty">{text.noRecent}</p>}
      {isOn && event !== null && ageS !== null && problem === null && (
        <Arrivals event={event} times={times} ageS={ageS} place={place} />
      )}
      <PlaceForm place={place} isPlacing={isPlacing} onPlacing={onPlacing} middle={middle} />
      <p className="muted note">{text.wavesNote}</p>
    </section>
  );
}

function modelOf(event: EventSummary | null): string {
  const named = event?.models["velocity"] ?? "";
  return NAMED_MODEL.test(named) ? named : AVERAGE_EARTH;
}

/** The newest event of the last minutes, by the time of the data, told anew each second. */
function useRecentEvent(): { event: EventSummary | null; ageS: number | null; now: () => number | null } {
  const events = useLive("events");
  const clock = useRef(new DataClock());
  const [, setSecond] = useState(0);
  const now = useRef((): number | null => {
    const { dataNowMs, hello, clockOffsetMs } = live.current();
    if (dataNowMs === null) return null;
    if (hello?.is_live) return Math.max(dataNowMs, Date.now() + clockOffsetMs);
    clock.current.tell(dataNowMs, performance.now());
    return clock.current.at(performance.now());
  }).current;
  useEffect(() => {
    const timer = setInterval(() => setSecond((one) => one + 1), SECOND_MS);
    return () => clearInterval(timer);
  }, []);
  const nowMs = now();
  const newest = events.find((one) => one.kind !== "cancel");
  const ageS = newest === undefined || nowMs === null ? null : (nowMs - Date.parse(newest.time)) / 1000;
  const isShown = ageS !== null && isRecent(ageS);
  return { event: isShown ? newest! : null, ageS: isShown ? ageS : null, now };
}

/** Draw the fronts as they move; who wants little motion sees a step each second. */
function useFronts(
  event: EventSummary | null,
  times: TravelTimes | null,
  now: () => number | null,
  onDraw: (lines: GeoJSON.FeatureCollection) => void,
): void {
  const isQuiet = useReducedMotion();
  const draw = useRef(onDraw);
  draw.current = onDraw;
  const [eventId, version] = [event?.event_id, event?.version];
  useEffect(() => {
    if (event === null || times === null) return undefined;
    const step = () => {
      const nowMs = now();
      if (nowMs !== null) draw.current(fronts(event, times, (nowMs - Date.parse(event.time)) / 1000));
    };
    step();
    const timer = setInterval(step, isQuiet ? SECOND_MS : FRAME_MS);
    return () => {
      clearInterval(timer);
      draw.current(NOTHING);
    };
    // an event is told anew as another object; its version says whether it is another one
  }, [eventId, version, times, isQuiet, now]);
}

interface ArrivalsProperties {
  event: EventSummary;
  /** Null until they are known for the event's depth. */
  times: TravelTimes | null;
  ageS: number;
  place: Place | null;
}

function Arrivals({ event, times, ageS, place }: ArrivalsProperties) {
  const told = times === null ? null : place === null ? text.noPlaceYet : wordsOf(event, times, ageS, place);
  return (
    <>
      {times !== null && <p className="note">{text.wavesOf(nameOf(event), times.model)}</p>}
      <p className="countdown" aria-hidden="true">
        {told ?? messages.loading}
      </p>
      <Aloud told={told} />
      <p className="legend-row" aria-hidden="true">
        <span className="key p">{text.front("P")}</span>
        <span className="key s">{text.front("S")}</span>
      </p>
    </>
  );
}

function wordsOf(event: EventSummary, times: TravelTimes, ageS: number, place: Place): string {
  const source = {
    longitude: event.longitude,
    latitude: event.latitude,
    timeSdS: event.time_sd_s,
    horizontalSdKm: Math.max(event.east_sd_km, event.north_sd_km),
  };
  const km = distanceKm(source, place);
  const [p, s] = (["P", "S"] as const).map((phase) => coming(source, place, times, phase, ageS));
  if (!p || !s) return text.tooFar(km.toFixed(0));
  return `${phaseWords("P", p)}, ${phaseWords("S", s)}. ${text.away(km.toFixed(0))}`;
}

function phaseWords(phase: string, { inS, sdS }: Coming): string {
  const sd = Math.max(1, Math.ceil(sdS)).toFixed(0);
  return inS >= 0 ? text.comes(phase, Math.round(inS), sd) : text.passed(phase, Math.round(-inS));
}

/** The same text for readers aloud, at a pace at which it can be read; nothing is read while none is known. */
function Aloud({ told }: { told: string | null }) {
  const [shown, setShown] = useState("");
  const latest = useRef("");
  if (told !== null) latest.current = told;
  const isFirst = shown === "" && told !== null;
  useEffect(() => {
    if (isFirst) setShown(latest.current);
  }, [isFirst]);
  useEffect(() => {
    const timer = setInterval(() => setShown(latest.current), ALOUD_MS);
    return () => clearInterval(timer);
  }, []);
  return (
    <p className="aloud" aria-live="polite" data-waves>
      {shown}
    </p>
  );
}

function PlaceForm({ place, isPlacing, onPlacing, middle }: { place: Place | null } & Omit<Properties, "onDraw">) {
  const [typed, setTyped] = useState<[string, string]>(["", ""]);
  const [isWrong, setWrong] = useState(false);
  useEffect(() => {
    if (place !== null) setTyped([place.latitude.toFixed(3), place.longitude.toFixed(3)]);
  }, [place]);
  const use = (given: FormEvent) => {
    given.preventDefault();
    const [y, x] = typed.map((one) => (one.trim() === "" ? NaN : Number(one)));
    setWrong(!isPlace(x, y));
    if (isPlace(x, y)) setPlace({ longitude: x!, latitude: y! });
  };
  const useMiddle = () => {
    const found = middle();
    if (found !== null) setPlace({ longitude: found[0], latitude: found[1] });
  };
  return (
    <form className="place-form" onSubmit={use} noValidate>
      <p className="note">
        {place === null
          ? text.noPlaceKept
          : text.placeIs(`${latitude(place.latitude, 2)} ${longitude(place.longitude, 2)}`)}
      </p>
      {([messages.forecast.latitude, messages.forecast.longitude] as const).map((label, index) => (
        <label key={label}>
          {label}{" "}
          <input
            inputMode="decimal"
            value={typed[index]}
            aria-invalid={isWrong}
            onChange={(event) => setTyped(index === 0 ? [event.target.value, typed[1]] : [typed[0], event.target.value])}
          />
        </label>
      ))}
      <div className="legend-row">
        <button type="submit" className="small">
          {text.usePlace}
        </button>
        <button type="button" className="small" aria-pressed={isPlacing} onClick={() => onPlacing(!isPlacing)}>
          {text.clickPlace}
        </button>
        <button type="button" className="small" onClick={useMiddle}>
          {text.middlePlace}
        </button>
        {place !== null && (
          <button type="button" className="small" onClick={() => setPlace(null)}>
            {text.dropPlace}
          </button>
        )}
      </div>
      {isWrong && (
        <p className="problem" role="alert">
          {text.wrongPlace}
        </p>
      )}
    </form>
  );
}
