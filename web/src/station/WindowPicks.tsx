/** The picks in the shown window, for whoever does not see the lines. */

import type { LivePick } from "../api/types";
import { utcPlusMinus } from "../format";
import { messages } from "../messages";
import { eventAddress } from "../ui/hooks";

const text = messages.station;

export function WindowPicks({ picks }: { picks: LivePick[] }) {
  if (picks.length === 0) return <p className="muted">{text.noPicks}</p>;
  return (
    <div className="table-scroll" tabIndex={0} role="region" aria-label={text.picksTable}>
      <table className="window-picks">
        <caption className="aloud">{text.picksTable}</caption>
        <thead>
          <tr>
            <th scope="col">{text.phase}</th>
            <th scope="col">{text.time}</th>
            <th scope="col">{text.probability}</th>
            <th scope="col">{text.event}</th>
          </tr>
        </thead>
        <tbody>
          {picks.map((pick) => (
            <tr key={pick.pick_id} data-pick={pick.pick_id}>
              <td>{pick.phase}</td>
              <td className="nowrap">{utcPlusMinus(pick.time, pick.sigma_s)}</td>
              <td>{pick.probability.toFixed(2)}</td>
              <td>
                {pick.event_id ? <a href={eventAddress(pick.event_id)}>{pick.event_id}</a> : messages.none}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
