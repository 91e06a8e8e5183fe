/** What must stand beside a forecast: its age, its data's age, model, agency, and what limits it. */

import type { Forecast, ForecastMeta } from "../api/types";
import { Fact } from "../events/Facts";
import { span, utc } from "../format";
import { messages } from "../messages";
import { useTick } from "./useForecast";
import { say } from "../told/told";
import { Words } from "../told/Words";

const text = messages.forecast;

interface Properties {
  forecast: Forecast;
  meta: ForecastMeta;
  /** When the answer came, by this machine's clock. */
  readMs: number;
}

export function ForecastFacts({ forecast, meta, readMs }: Properties) {
  useTick(5000);
  const sinceS = Math.max(0, (Date.now() - readMs) / 1000);
  return (
    <>
      <p className="badges">
        <span className="badge research">{text.research}</span>{" "}
        <span className={meta.is_validated ? "badge" : "badge replay"}>
          {meta.is_validated ? text.validated : text.notValidated}
        </span>{" "}
        {meta.state === "retrospective" && (
          <span className="badge replay">{text.retrospective}</span>
        )}{" "}
        {forecast.is_synthetic && <span className="badge synthetic">{messages.synthetic}</span>}
      </p>
      <dl className="facts">
        <Fact term={text.issued}>
          {`${utc(Date.parse(forecast.issued))} UTC`}{" "}
          <strong>({text.ago(span(meta.age_s + sinceS))})</strong>
        </Fact>
        <Fact term={text.cutOff}>
          {`${utc(Date.parse(forecast.cut_off))} UTC`}{" "}
          <strong>({text.ago(span(meta.cut_off_age_s + sinceS))})</strong>
        </Fact>
        <Fact term={text.region}>
          <Words text={say(forecast.region_told)} />
        </Fact>
        <Fact term={text.model}>{forecast.model}</Fact>
        <Fact term={text.agency}>{forecast.agency}</Fact>
        {meta.log_number !== null && (
          <Fact term={text.log}>{text.logValue(meta.log_number, meta.log_digest)}</Fact>
        )}
      </dl>
    </>
  );
}
