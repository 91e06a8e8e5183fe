/** Where an event lies: the nearest megathrust segment and the analysed fault, with their limits. */

import { api } from "../api/client";
import type { EventContext, EventDetail } from "../api/types";
import { classWords } from "../map/segments";
import { SegmentReasons } from "../map/SegmentReasons";
import { messages } from "../messages";
import { useRequest } from "../ui/hooks";
import { Fact } from "./Facts";
import { FaultContext } from "./FaultContext";
import { Cautions, Failed } from "../told/Words";

const text = messages.segment;
const NO_EVENT = 1.0; // what the service writes where none was seen

export function Context({ event }: { event: EventDetail }) {
  return (
    <section className="panel" aria-labelledby="context-title">
      <h3 id="context-title">{messages.relevance.context}</h3>
      <SegmentContext eventId={event.event_id} version={event.version} />
      <FaultContext event={event} />
    </section>
  );
}

function SegmentContext({ eventId, version }: { eventId: string; version: number }) {
  const { data, problem } = useRequest((signal) => api.context(eventId, signal), `${eventId} ${version}`);
  return (
    <section aria-labelledby="segment-context">
      <h4 id="segment-context">{text.title}</h4>
      {problem !== null && <Failed problem={problem} />}
      {data === null && problem === null && <p>{messages.loading}</p>}
      {data !== null &&
        (data.segment === null ? (
          <p>{messages.relevance.noneNear(data.limit_km.toFixed(0))}</p>
        ) : (
          <Known segment={data.segment} context={data} />
        ))}
    </section>
  );
}

interface KnownProperties {
  segment: NonNullable<EventContext["segment"]>;
  context: EventContext;
}

function Known({ segment, context }: KnownProperties) {
  const name = `${segment.region} ${segment.index}`;
  return (
    <>
      <dl className="facts">
        <Fact term={text.name}>{text.away(name, context.distance_km?.toFixed(0) ?? "")}</Fact>
        <Fact term={text.chance}>{segment.probability.toFixed(2)}</Fact>
        <Fact term={text.notRuledOut}>{classWords(segment.conformal_set)}</Fact>
        <Fact term={text.applicability}>
          {segment.applicability.toFixed(2)}
          {!segment.is_applicable && `: ${text.notApplicable}`}
        </Fact>
        {segment.m_max !== null && (
          <Fact term={text.seen}>
            {segment.m_max <= NO_EVENT ? text.noneSeen : segment.m_max.toFixed(1)}
          </Fact>
        )}
      </dl>
      <Cautions all={context.caveats_told} />
      <h5>{messages.relevance.title}</h5>
      <SegmentReasons region={segment.region} index={segment.index} />
    </>
  );
}
