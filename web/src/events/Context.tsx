/** Where an event lies: the megathrust segment nearest to it, with what limits that knowledge. */

import { api } from "../api/client";
import type { EventContext } from "../api/types";
import { classWords } from "../map/segments";
import { messages } from "../messages";
import { useRequest } from "../ui/hooks";
import { Fact } from "./Facts";

const text = messages.segment;
const NO_EVENT = 1.0; // what the service writes where none was seen

export function Context({ eventId, version }: { eventId: string; version: number }) {
  const context = useRequest((signal) => api.context(eventId, signal), `${eventId} ${version}`).data;
  if (context === null || context.segment === null) return null; // no subduction zone is near
  return <Known segment={context.segment} context={context} />;
}

interface KnownProperties {
  segment: NonNullable<EventContext["segment"]>;
  context: EventContext;
}

function Known({ segment, context }: KnownProperties) {
  const name = `${segment.region} ${segment.index}`;
  return (
    <section className="panel" aria-labelledby="context-title">
      <h3 id="context-title">{text.title}</h3>
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
      <ul className="cautions">
        {context.caveats.map((one) => (
          <li key={one} lang="en">
            {one}
          </li>
        ))}
      </ul>
    </section>
  );
}
