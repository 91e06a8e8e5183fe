/** What to expect after an event, or why there is no table of it. */

import { api } from "../api/client";
import type { AftershocksAnswer } from "../api/types";
import { messages } from "../messages";
import { useRequest } from "../ui/hooks";
import { ChanceTable } from "./ChanceTable";
import { firstRow } from "./content";
import { Cautions, ForecastFacts } from "./ForecastFacts";

const text = messages.forecast;

export function EventAftershocks({ eventId, version }: { eventId: string; version: number }) {
  const { data, problem } = useRequest(
    async (signal) => ({ answer: await api.aftershocks(eventId, signal), readMs: Date.now() }),
    `${eventId} ${version}`,
  );
  if (data === null && problem === null) return null;
  return (
    <section className="panel" aria-labelledby="aftershocks-title">
      <h3 id="aftershocks-title">{text.aftershocks}</h3>
      {problem !== null && <p className="problem">{problem}</p>}
      {data !== null && <Table {...data} />}
    </section>
  );
}

function Table({ answer: { data, meta }, readMs }: { answer: AftershocksAnswer; readMs: number }) {
  if (data === null || meta.forecast === null) {
    return <p className="empty">{text.noTable(meta.reason)}</p>;
  }
  return (
    <>
      <p className="forecast-words">{firstRow(data.rows).sentence}</p>
      <ChanceTable rows={data.rows} />
      <ForecastFacts forecast={data} meta={meta.forecast} readMs={readMs} />
      <Cautions meta={meta.forecast} />
    </>
  );
}
