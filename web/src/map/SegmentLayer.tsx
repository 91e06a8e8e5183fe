/** Megathrust segments on the map: their colours, and the same numbers as a table. */

import { useMemo } from "react";

import { messages } from "../messages";
import { useIsDark } from "../ui/hooks";
import { NOTHING } from "./content";
import { FitButton, Ramp, useDrawn, type Draw } from "./LayerSwitch";
import { DARK, LIGHT } from "./palette";
import { SegmentChoice } from "./SegmentChoice";
import { classWords, useSegments } from "./segments";
import { Cautions, Failed } from "../told/Words";

const text = messages.mapTools;
const words = messages.segment;

export function SegmentLayer({ draw }: { draw: Draw }) {
  const { segments, problem } = useSegments(true);
  const colours = (useIsDark() ? DARK : LIGHT).segments;
  const lines = useMemo(() => (segments === null ? NOTHING : marked(segments)), [segments]);
  useDrawn(draw, "segments", lines);
  if (problem !== null) return <Failed problem={problem} />;
  if (segments === null) return <p>{messages.loading}</p>;
  if (segments.features.length === 0) return <p className="muted">{words.noneShipped}</p>;
  return (
    <>
      <div className="legend-row">
        <Ramp low="0" high="1" colours={colours} />
        <span>{words.probability}</span>
        <span>{words.opacity}</span>
        <span>{text.hollow}</span>
        <FitButton data={lines} />
      </div>
      <SegmentChoice segments={segments} />
      <details>
        <summary>{text.segmentTable(segments.features.length)}</summary>
        <div className="table-scroll segment-table" tabIndex={0} role="region" aria-label={words.layer}>
          <table>
            <thead>
              <tr>
                <th scope="col">{words.name}</th>
                <th scope="col">{words.chance}</th>
                <th scope="col">{words.notRuledOut}</th>
                <th scope="col">{words.applicability}</th>
              </tr>
            </thead>
            <tbody>
              {segments.features.map(({ properties: one }, index) => (
                <tr key={index}>
                  <th scope="row">{`${String(one?.["region"])} ${String(one?.["index"])}`}</th>
                  <td>{Number(one?.["probability"]).toFixed(2)}</td>
                  <td>{classWords(one?.["conformal_set"])}</td>
                  <td>{Number(one?.["applicability"]).toFixed(2)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      </details>
      <Cautions all={segments.caveats_told} />
    </>
  );
}

/** The same segments, each with whether more than one class is left. */
function marked(segments: GeoJSON.FeatureCollection): GeoJSON.FeatureCollection {
  const features = segments.features.map((one) => {
    const left: unknown = one.properties?.["conformal_set"];
    return { ...one, properties: { ...one.properties, is_open: Array.isArray(left) && left.length > 1 } };
  });
  return { type: "FeatureCollection", features };
}
