/** The range of time that is shown: two sliders, and playing it. */

import { useEffect, useRef, useState } from "react";

import { span, utc } from "../format";
import { messages } from "../messages";
import { useShortcut } from "../ui/shortcuts";
import type { Range } from "./catalogue";
import { useReducedMotion } from "./motion";
import { moved, played, playFrom, PLAY_S, rangeAt, STEPS } from "./timeline";

const text = messages.mapTools;
const FRAME_MS = 100;
const QUIET_MS = 1000;

interface Properties {
  whole: Range;
  places: readonly [number, number];
  isPlaying: boolean;
  onMove: (places: [number, number]) => void;
  onPlay: (isPlaying: boolean) => void;
}

export function TimeSlider({ whole, places, isPlaying, onMove, onPlay }: Properties) {
  const [wholeS, setWholeS] = useState<number>(PLAY_S[2]);
  const range = rangeAt(whole, places[0], places[1]);
  const spanS = (whole.endMs - whole.startMs) / 1000;
  const toggle = () => {
    if (!isPlaying) onMove(playFrom(places));
    onPlay(!isPlaying);
  };
  usePlaying(isPlaying, places, wholeS, onMove, () => onPlay(false));
  useShortcut({ keys: "y", group: text.title, text: text.playKey, run: toggle });
  return (
    <div className="time-slider" role="group" aria-label={text.time}>
      <div className="time-ends">
        <span>{`${utc(range.startMs)} – ${utc(range.endMs)} UTC`}</span>
        <span className="muted">{span((range.endMs - range.startMs) / 1000)}</span>
      </div>
      <div className="time-tracks">
        {([0, 1] as const).map((which) => (
          <input
            key={which}
            type="range"
            min={0}
            max={STEPS}
            step={1}
            value={Math.round(places[which])}
            aria-label={which === 0 ? text.from : text.to}
            aria-valuetext={`${utc(which === 0 ? range.startMs : range.endMs)} UTC`}
            onChange={(event) => {
              onPlay(false);
              onMove(moved(places, which, Number(event.target.value)));
            }}
          />
        ))}
      </div>
      <div className="legend-row">
        <button type="button" className="small" aria-keyshortcuts="y" onClick={toggle}>
          {isPlaying ? text.pause : text.play}
        </button>
        <label>
          {text.speed}{" "}
          <select value={wholeS} onChange={(event) => setWholeS(Number(event.target.value))}>
            {PLAY_S.map((one) => (
              <option key={one} value={one}>
                {text.perSecond(span(spanS / one))}
              </option>
            ))}
          </select>
        </label>
        <button
          type="button"
          className="small"
          onClick={() => {
            onPlay(false);
            onMove([0, STEPS]);
          }}
        >
          {text.allTimes}
        </button>
      </div>
    </div>
  );
}

/** Move the range on while it plays; who wants little motion sees a step each second. */
function usePlaying(
  isPlaying: boolean,
  places: readonly [number, number],
  wholeS: number,
  onMove: (places: [number, number]) => void,
  onEnd: () => void,
): void {
  const isQuiet = useReducedMotion();
  const latest = useRef({ places, onMove, onEnd });
  latest.current = { places, onMove, onEnd };
  useEffect(() => {
    if (!isPlaying) return undefined;
    let beforeMs = performance.now();
    const timer = setInterval(
      () => {
        const nowMs = performance.now();
        const next = played(latest.current.places, (nowMs - beforeMs) / 1000, wholeS);
        beforeMs = nowMs;
        if (next === null) latest.current.onEnd();
        else latest.current.onMove(next);
      },
      isQuiet ? QUIET_MS : FRAME_MS,
    );
    return () => clearInterval(timer);
  }, [isPlaying, wholeS, isQuiet]);
}
