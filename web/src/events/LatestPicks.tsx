/** The newest picks as a table. */

import { utcPlusMinus } from "../format";
import { useLive } from "../live/liveStore";
import { messages } from "../messages";

const text = messages.picks;
const SHOWN = 8;

export function LatestPicks() {
  const picks = useLive("picks").filter((pick) => pick.kind !== "cancel");
  return (
    <section className="panel picks" aria-labelledby="picks-title">
      <div className="panel-head">
        <h2 id="picks-title">{text.title}</h2>
      </div>
      {picks.length === 0 ? (
        <p className="empty">{text.none}</p>
      ) : (
        <table>
          <thead>
            <tr>
              <th scope="col">{text.time}</th>
              <th scope="col">{text.station}</th>
              <th scope="col">{text.phase}</th>
              <th scope="col">{text.probability}</th>
              <th scope="col">{text.status}</th>
            </tr>
          </thead>
          <tbody>
            {picks.slice(0, SHOWN).map((pick) => (
              <tr key={pick.pick_id} data-pick={pick.pick_id}>
                <td>{utcPlusMinus(pick.time, pick.sigma_s, false)}</td>
                <td>{`${pick.network}.${pick.station}`}</td>
                <td>
                  <span className={`phase phase-${pick.phase}`}>{pick.phase}</span>
                </td>
                <td>{pick.probability.toFixed(2)}</td>
                <td>{messages.events[pick.status]}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </section>
  );
}
