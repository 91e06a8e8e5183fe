/** What waits inside the service: the same numbers as its metrics. */

import { messages } from "../messages";
import type { Quality } from "../station/client";

const text = messages.stations;

export function Backlog({ quality }: { quality: Quality | null }) {
  if (quality === null) return null;
  const stages = Object.entries(quality.backlog).filter(([, count]) => count > 0);
  return (
    <p className="note" data-backlog>
      {text.backlog}:{" "}
      {stages.length === 0 ? text.backlogNone : stages.map(([stage, count]) => `${stage} ${count}`).join(", ")}
      {quality.waiting_records > 0 && `; ${text.waitingRecords(quality.waiting_records)}`}
      {quality.shed_packets > 0 && <strong className="warn">{`; ${text.shed(quality.shed_packets)}`}</strong>}
    </p>
  );
}
