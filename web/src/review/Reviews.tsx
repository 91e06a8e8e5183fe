/** Who did what with an event. */

import type { EventDetail } from "../api/types";
import { utc } from "../format";
import { messages } from "../messages";
import { useRequest } from "../ui/hooks";
import { Failed } from "../told/Words";
import { reviewApi, type Review } from "./client";

const text = messages.review;

export function Reviews({ event }: { event: EventDetail }) {
  const latest = Math.max(...event.versions.map((one) => one.version));
  const { data, problem } = useRequest(
    (signal) => reviewApi.reviews(event.event_id, signal),
    `${event.event_id} ${latest}`,
  );
  return <Trail reviews={data} problem={problem} />;
}

/** What was done, the newest first; null until it is read. */
export function Trail({ reviews, problem }: { reviews: Review[] | null; problem: string | null }) {
  return (
    <section className="panel" aria-labelledby="trail-title" data-table="reviews">
      <h3 id="trail-title">{text.trail}</h3>
      {problem !== null ? (
        <Failed problem={problem} />
      ) : reviews === null || reviews.length === 0 ? (
        <p className="muted">{reviews === null ? messages.loading : text.noTrail}</p>
      ) : (
        <table className="cards">
          <thead>
            <tr>
              <th scope="col">{text.version}</th>
              <th scope="col">{text.action}</th>
              <th scope="col">{text.who}</th>
              <th scope="col">{text.when}</th>
              <th scope="col">{text.comment}</th>
            </tr>
          </thead>
          <tbody>
            {reviews.map((one) => (
              <tr key={one.version}>
                <td data-label={text.version}>{one.version}</td>
                <td data-label={text.action}>
                  {`${text.actions[one.action]}${
                    one.restored_version === null ? "" : ` (${text.restored(one.restored_version)})`
                  }, ${text.from(one.base_version)}`}
                </td>
                <td data-label={text.who}>{one.author}</td>
                <td data-label={text.when}>{utc(Date.parse(one.time))}</td>
                <td data-label={text.comment}>{one.comment || "–"}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </section>
  );
}
