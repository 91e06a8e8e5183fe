/** What to expect after a large event; of a small one nothing is told. */

import { api } from "../api/client";
import { messages } from "../messages";
import { useRequest } from "../ui/hooks";
import { ChanceTable } from "./ChanceTable";
import { firstRow } from "./content";
import { ForecastFacts } from "./ForecastFacts";
import { Cautions, Failed } from "../told/Words";

const text = messages.forecast;

export function EventAftershocks({ eventId, version }: { eventId: string; version: number }) {
  const { data, problem } = useRequest(
    async (signal) => ({ answer: await api.aftershocks(eventId, signal), readMs: Date.now() }),
    `${eventId} ${version}`,
  );
  if (problem !== null) return <Failed problem={problem} />;
  const forecast = data?.answer.data ?? null;
  const meta = data?.answer.meta.forecast ?? null;
  if (data === null || forecast === null || meta === null) return null; // small ones have no table
  return (
    <section className="panel" aria-labelledby="aftershocks-title">
      <h3 id="aftershocks-title">{text.aftershocks}</h3>
      <p className="forecast-words">{firstRow(forecast.rows).sentence}</p>
      <ChanceTable rows={forecast.rows} />
      <ForecastFacts forecast={forecast} meta={meta} readMs={data.readMs} />
      <Cautions all={meta.cautions_told} />
    </section>
  );
}
