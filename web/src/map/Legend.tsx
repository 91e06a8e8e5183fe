/** What the signs on the map mean, and by what events are coloured. */

import type { SegmentCollection } from "../api/types";
import { useLive } from "../live/liveStore";
import { messages } from "../messages";
import { useIsDark } from "../ui/hooks";
import type { EventColour } from "./mapLayers";
import { DARK, LIGHT, type StationState } from "./palette";
import { SegmentChoice } from "./SegmentChoice";
import { Cautions, Failed } from "../told/Words";

interface Properties {
  by: EventColour;
  onColour: (by: EventColour) => void;
  isPosteriorMap: boolean;
  hasEventColours: boolean;
  hasRegions: boolean;
  onFit: () => void;
  regionsText: string;
  hasSegments: boolean;
  /** Null where the map does not offer segments. */
  onSegments: ((isShown: boolean) => void) | null;
  segments: SegmentCollection | null;
  segmentsProblem: string | null;
}

export function Legend(properties: Properties) {
  const { by, onColour, isPosteriorMap, hasEventColours, hasRegions, onFit, regionsText } = properties;
  const text = messages.map;
  const palette = useIsDark() ? DARK : LIGHT;
  const colours = by === "age" ? palette.ages : palette.depths;
  const words = by === "age" ? text.ages : text.depths;
  const isStored = useLive("service")?.is_stored ?? false;
  const states: StationState[] = isStored ? ["stored", "none"] : ["current", "late", "silent", "none"];
  return (
    <figcaption className="legend">
      {hasEventColours && (
        <div className="legend-row">
          <label>
            {text.colour}{" "}
            <select value={by} onChange={(event) => onColour(event.target.value as EventColour)}>
              <option value="age">{text.byAge}</option>
              <option value="depth">{text.byDepth}</option>
            </select>
          </label>
          {words.map((word, index) => (
            <span key={word} className="key">
              <Circle colour={colours[index]!} edge={palette.edge} /> {word}
            </span>
          ))}
          <span>{text.sizes}</span>
        </div>
      )}
      <div className="legend-row">
        {states.map((state) => (
          <span key={state} className="key">
            <Triangle colour={palette.stations[state]} edge={palette.edge} /> {text.stations[state]}
          </span>
        ))}
        {hasRegions && <span>{regionsText}</span>}
        {isPosteriorMap && <span>{text.samples}</span>}
        <button type="button" className="small" onClick={onFit}>
          {text.fit}
        </button>
        <span className="muted">{text.credit}</span>
      </div>
      <Segments {...properties} />
    </figcaption>
  );
}

function Segments({ hasSegments, onSegments, segments, segmentsProblem }: Properties) {
  const text = messages.segment;
  const palette = useIsDark() ? DARK : LIGHT;
  if (onSegments === null) return null;
  const isShown = segments !== null && segments.features.length > 0;
  return (
    <div className="segment-legend">
      <div className="legend-row">
        <label>
          <input
            type="checkbox"
            checked={hasSegments}
            onChange={(event) => onSegments(event.target.checked)}
          />{" "}
          {text.layer}
        </label>
        {isShown && (
          <>
            <span className="key">
              0{" "}
              <span
                className="ramp"
                style={{ background: `linear-gradient(to right, ${palette.segments.join(", ")})` }}
              />{" "}
              1
            </span>
            <span>{text.probability}</span>
            <span>{text.opacity}</span>
          </>
        )}
        {segments?.features.length === 0 && <span className="muted">{text.noneShipped}</span>}
      </div>
      {segmentsProblem !== null && <Failed problem={segmentsProblem} />}
      {isShown && <SegmentChoice segments={segments} />}
      {isShown && (
        <Cautions all={segments.caveats_told} />
      )}
    </div>
  );
}

export const Circle = ({ colour, edge }: { colour: string; edge: string }) => (
  <svg viewBox="0 0 10 10" width="10" height="10" aria-hidden="true">
    <circle cx="5" cy="5" r="4.4" fill={colour} stroke={edge} />
  </svg>
);

export const Triangle = ({ colour, edge }: { colour: string; edge: string }) => (
  <svg viewBox="0 0 10 10" width="11" height="11" aria-hidden="true">
    <path d="M5 1.2 9.3 9.3H0.7Z" fill={colour} stroke={edge} />
  </svg>
);
