/** How an event shook the ground around it, or why that is not known. */

import { api } from "../api/client";
import { messages } from "../messages";
import { useRequest } from "../ui/hooks";
import { ShakingMapPanel } from "./ShakingMapPanel";
import { say } from "../told/told";
import { Around } from "../told/Words";

const text = messages.shaking;

export function EventShaking({ eventId, version }: { eventId: string; version: number }) {
  const answer = useRequest((signal) => api.shaking(eventId, signal), `${eventId} ${version}`).data;
  if (answer === null) return null;
  return (
    <section className="panel" aria-labelledby="shaking-title">
      <h3 id="shaking-title">{text.eventTitle}</h3>
      {answer.data === null ? (
        <p className="empty">
          <Around told={text.none} words={say(answer.meta.reason_told)} />
        </p>
      ) : (
        <ShakingMapPanel map={answer.data} cautions={answer.meta.cautions_told} />
      )}
    </section>
  );
}
