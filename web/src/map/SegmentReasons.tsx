/** What speaks for and against M 8.0 at a segment: bars of relevance, with their spread. */

import { api } from "../api/client";
import type { SegmentExplanation, SegmentExplanationAnswer } from "../api/types";
import { ticks } from "../events/DepthHistogram";
import { messages, textOf } from "../messages";
import { useRequest } from "../ui/hooks";
import { barsOf, isContrary, reachOf, scoresOf, unitOf, type Bar } from "./relevance";
import "./segment.css";
import { Cautions, Failed } from "../told/Words";

const text = messages.relevance;
const [WIDTH, ROW, EDGE, AXIS] = [360, 30, 10, 36];

export function SegmentReasons({ region, index }: { region: string; index: number }) {
  const segment = `${region} ${index}`;
  const { data, problem } = useRequest(
    (signal) => api.segmentExplanation(region, index, signal),
    segment,
    segment,
  );
  if (problem !== null) return <Failed problem={problem} />;
  if (data === null) return <p>{messages.loading}</p>;
  if (data.data === null) return <p className="muted">{text.none}</p>;
  return <Reasons told={data.data} meta={data.meta} />;
}

interface Properties {
  told: SegmentExplanation;
  meta: SegmentExplanationAnswer["meta"];
}

function Reasons({ told, meta }: Properties) {
  const [own, place] = scoresOf(meta).map((one) => one.toFixed(2));
  return (
    <div className="reasons">
      <Picture told={told} />
      <p className="note">{text.help(told.n_networks)}</p>
      <p>
        {text.lean(told.n_for, told.n_networks)}
        {told.rank_correlation !== null &&
          ` ${text.agreement(
            told.rank_correlation.toFixed(2),
            told.rank_correlation_low!.toFixed(2),
            told.rank_correlation_high!.toFixed(2),
          )}`}{" "}
        {isContrary(told) && <strong>{text.contrary}</strong>}
      </p>
      <p className="warning">{text.limit(own!, place!)}</p>
      <Table told={told} />
      <details>
        <summary>{text.cautions(meta.caveats.length)}</summary>
        <Cautions all={meta.caveats_told} />
      </details>
    </div>
  );
}

/** A feature in words, or by its name where there are none. */
const nameOf = (feature: string): string => textOf(text.features, feature) ?? feature;

const signed = (value: number): string => `${value >= 0 ? "+" : "−"}${Math.abs(value).toFixed(2)}`;

const withMinus = (value: number): string => String(value).replace("-", "−");

const labelOf = ({ kind, name }: Bar): string =>
  kind === "others" ? text.others(Number(name)) : kind === "bias" ? text.bias : nameOf(name);

function Picture({ told }: { told: SegmentExplanation }) {
  const bars = barsOf(told);
  const [low, high] = reachOf(bars);
  const x = (value: number) => EDGE + ((value - low) / (high - low || 1)) * (WIDTH - 2 * EDGE);
  const height = bars.length * ROW + AXIS;
  const first = told.features[0];
  return (
    <svg
      className="relevance"
      viewBox={`0 0 ${WIDTH} ${height}`}
      role="img"
      aria-label={text.pictureLabel(
        `${told.region} ${told.index}`,
        first === undefined ? "" : `${nameOf(first.name)} ${signed(first.relevance)}`,
        signed(told.score),
      )}
    >
      {bars.map((bar, row) => (
        <Row key={bar.kind + bar.name} bar={bar} top={row * ROW} x={x} />
      ))}
      {ticks(low, high, 5).map((one) => (
        <text key={one} x={x(one)} y={height - AXIS + 13} textAnchor="middle">
          {withMinus(one)}
        </text>
      ))}
      <text x={EDGE} y={height - 5}>
        ← {text.against}
      </text>
      <text x={WIDTH - EDGE} y={height - 5} textAnchor="end">
        {text.speaksFor} →
      </text>
    </svg>
  );
}

function Row({ bar, top, x }: { bar: Bar; top: number; x: (value: number) => number }) {
  const [from, to] = [x(Math.min(0, bar.value)), x(Math.max(0, bar.value))];
  const side = bar.kind === "bias" ? "neither" : bar.value >= 0 ? "speaks-for" : "speaks-against";
  const middle = top + 21;
  return (
    <g data-bar={bar.kind === "feature" ? bar.name : bar.kind}>
      <text className="name" x={EDGE} y={top + 11}>
        {labelOf(bar)}
      </text>
      <text x={WIDTH - EDGE} y={top + 11} textAnchor="end">
        {signed(bar.value)}
      </text>
      <line className="zero" x1={x(0)} x2={x(0)} y1={top + 14} y2={top + 28} />
      <rect className={side} x={from} width={Math.max(0.5, to - from)} y={top + 15} height={12} />
      {bar.spread !== null && (
        <path
          className="whisker"
          d={
            `M${x(bar.spread[0])} ${middle}H${x(bar.spread[1])}` +
            bar.spread.map((one) => `M${x(one)} ${middle - 4}v8`).join("")
          }
        />
      )}
    </g>
  );
}

/** All features with the same numbers, and what the segment's own values are. */
function Table({ told }: { told: SegmentExplanation }) {
  return (
    <details>
      <summary>{text.table(told.features.length)}</summary>
      <div className="table-scroll segment-table" tabIndex={0} role="region" aria-label={text.title}>
        <table>
          <thead>
            <tr>
              <th scope="col">{text.feature}</th>
              <th scope="col">{text.value}</th>
              <th scope="col">{text.relevance}</th>
              <th scope="col">{text.share}</th>
              <th scope="col">{text.sameSide}</th>
            </tr>
          </thead>
          <tbody>
            {told.features.map((one) => (
              <tr key={one.name}>
                <th scope="row" title={one.name}>
                  {nameOf(one.name)}
                </th>
                <td>
                  {one.value === null
                    ? messages.unknown
                    : `${withMinus(Number(one.value.toPrecision(3)))} ${unitOf(one.description)}`}
                </td>
                <td>{`${signed(one.relevance)} (${signed(one.low)} – ${signed(one.high)})`}</td>
                <td>{`${(100 * one.share).toFixed(0)} %`}</td>
                <td>{`${(100 * one.sign_agreement).toFixed(0)} %`}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </details>
  );
}
