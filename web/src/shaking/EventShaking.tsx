/** How an event shook the ground around it, or why that is not known. */

import { api } from "../api/client";
import type { EventShakingAnswer } from "../api/types";
import { messages } from "../messages";
import { useRequest } from "../ui/hooks";
import { ShakingMapPanel } from "./ShakingMapPanel";
import { say } from "../told/told";
import { Around, Failed } from "../told/Words";

const text = messages.shaking;

export function EventShaking({ eventId, version }: { eventId: string; version: number }) {
  const { data, problem } = useRequest((signal) => api.shaking(eventId, signal), `${eventId} ${version}`);
  return <Shaking answer={data} problem={problem} />;
}

/** Null until it is read. */
export function Shaking({ answer, problem }: { answer: EventShakingAnswer | null; problem: string | null }) {
  return (
    <section className="panel" aria-labelledby="shaking-title">
      <h3 id="shaking-title">{text.eventTitle}</h3>
      {problem !== null ? (
        <Failed problem={problem} />
      ) : answer === null ? (
        <p className="empty">{messages.loading}</p>
      ) : answer.data === null ? (
        <p className="empty">
          <Around told={text.none} words={say(answer.meta.reason_told)} />
        </p>
      ) : (
        <ShakingMapPanel map={answer.data} cautions={answer.meta.cautions_told} />
      )}
    </section>
  );
}
