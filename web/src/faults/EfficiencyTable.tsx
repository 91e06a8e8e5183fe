/** The same numbers as in the chart, for those who read rather than look. */

import type { FaultProfile } from "../api/types";
import { messages } from "../messages";

const text = messages.faults;

export function EfficiencyTable({ profile }: { profile: FaultProfile }) {
  return (
    <details>
      <summary>{text.table}</summary>
      <div className="table-scroll" tabIndex={0} role="region" aria-label={text.efficiency}>
        <table>
          <thead>
            <tr>
              <th scope="col">{text.along}</th>
              <th scope="col">{text.efficiency}</th>
              <th scope="col">{text.band}</th>
            </tr>
          </thead>
          <tbody>
            {profile.windows.map((one) => (
              <tr key={one.index}>
                <th scope="row">{one.distance_along_km.toFixed(2)}</th>
                <td>{one.ke.toFixed(2)}</td>
                <td>{`${one.lo90.toFixed(2)} – ${one.hi90.toFixed(2)}`}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </details>
  );
}
