/** The forecast of the region: in words, as a table and on the map, with its age; or why not. */

import { useState } from "react";

import type { ForecastAnswer, ForecastRow, Withdrawn } from "../api/types";
import { Fact } from "../events/Facts";
import { span, utc } from "../format";
import { messages } from "../messages";
import { ChanceTable } from "./ChanceTable";
import { firstRow } from "./content";
import { ForecastFacts } from "./ForecastFacts";
import { ForecastMap } from "./ForecastMap";
import { PlaceChance } from "./PlaceChance";
import { useForecast } from "./useForecast";
import "./forecast.css";
import { Around, Cautions, Failed } from "../told/Words";

const text = messages.forecast;

export function ForecastView() {
  const { data, problem } = useForecast();
  return (
    <div className="forecast-view">
      <section className="panel" aria-labelledby="forecast-title">
        <h2 id="forecast-title">{text.title}</h2>
        <p>{text.explanation}</p>
        {problem !== null && <Failed problem={problem} />}
        {data === null && problem === null && <p>{messages.loading}</p>}
        {data?.kind === "none" && (
          <p className="empty">
            <Around told={text.none} words={data.reason} />
          </p>
        )}
        {data?.kind === "withdrawn" && <WithdrawnNote detail={data.detail} />}
        {data?.kind === "forecast" && (
          <ForecastFacts forecast={data.answer.data} meta={data.answer.meta} readMs={data.readMs} />
        )}
      </section>
      {data?.kind === "forecast" && <Told answer={data.answer} />}
    </div>
  );
}

function Told({ answer: { data, meta } }: { answer: ForecastAnswer }) {
  return (
    <>
      <div className="columns">
        <div>
          <Words rows={data.rows} />
          <section className="panel">
            <ChanceTable rows={data.rows} />
          </section>
        </div>
        <section className="panel" aria-labelledby="forecast-map-title">
          <h3 id="forecast-map-title">{text.map}</h3>
          <ForecastMap forecast={data} />
        </section>
      </div>
      {meta.state === "current" && <PlaceChance />}
      <section className="panel" aria-label={messages.detail.caution}>
        <Cautions all={meta.cautions_told} />
      </section>
    </>
  );
}

function Words({ rows }: { rows: ForecastRow[] }) {
  const [chosen, setChosen] = useState("");
  const row = rows.find((one) => keyOf(one) === chosen) ?? firstRow(rows);
  return (
    <section className="panel" aria-labelledby="words-title">
      <h3 id="words-title">{text.words}</h3>
      <label>
        {text.magnitude}{" "}
        <select value={keyOf(row)} onChange={(event) => setChosen(event.target.value)}>
          {rows.map((one) => (
            <option key={keyOf(one)} value={keyOf(one)}>
              {text.orLarger(String(one.magnitude))}, {text.windows(one.days)}
            </option>
          ))}
        </select>
      </label>
      <p className="forecast-words">{row.sentence}</p>
    </section>
  );
}

const keyOf = (row: ForecastRow): string => `${row.magnitude}/${row.days}`;

function WithdrawnNote({ detail }: { detail: Withdrawn }) {
  return (
    <div role="alert">
      <h3 className="warning">{text.withdrawnTitle}</h3>
      <p>{text.withdrawn(span(detail.cut_off_age_s), span(detail.max_age_s))}</p>
      <dl className="facts">
        <Fact term={text.lastIssued}>{`${utc(Date.parse(detail.issued))} UTC`}</Fact>
        <Fact term={text.cutOff}>{`${utc(Date.parse(detail.cut_off))} UTC`}</Fact>
        <Fact term={text.region}>{detail.region}</Fact>
        <Fact term={text.model}>{detail.model}</Fact>
      </dl>
    </div>
  );
}
