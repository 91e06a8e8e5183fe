/** Chances by magnitude and window, each beside its long-term value. */

import type { ForecastRow } from "../api/types";
import { messages } from "../messages";
import { chanceText, countText, twoDigits, windowsOf } from "./content";

const text = messages.forecast;

export function ChanceTable({ rows }: { rows: ForecastRow[] }) {
  return (
    <div className="table-scroll" tabIndex={0} role="region" aria-label={text.table}>
      <table className="chances">
        <caption>{text.table}</caption>
        <thead>
          <tr>
            <th scope="col">{text.window}</th>
            <th scope="col">{text.magnitude}</th>
            <th scope="col">{text.chance}</th>
            <th scope="col">{text.reference}</th>
            <th scope="col">{text.multiple}</th>
            <th scope="col">{text.number}</th>
            <th scope="col">
              <span className="aloud">{messages.detail.caution}</span>
            </th>
          </tr>
        </thead>
        {windowsOf(rows).map((window) => (
          <tbody key={window.days}>
            {window.rows.map((row, index) => (
              <tr key={row.magnitude}>
                {index === 0 && (
                  <th scope="rowgroup" rowSpan={window.rows.length}>
                    {text.windows(window.days)}
                  </th>
                )}
                <th scope="row">{text.orLarger(String(row.magnitude))}</th>
                <td>
                  <Chance row={row} />
                </td>
                <td>{chanceText(row.reference_probability)}</td>
                <td>{twoDigits(row.multiple)}</td>
                <td>{countText(row)}</td>
                <td className="muted">{marksOf(row)}</td>
              </tr>
            ))}
          </tbody>
        ))}
      </table>
    </div>
  );
}

function Chance({ row }: { row: ForecastRow }) {
  const told = chanceText(row.probability);
  if (told === text.below || told === text.above) return <strong>{told}</strong>;
  const [low, high] = [chanceText(row.probability_low), chanceText(row.probability_high)];
  return (
    <>
      <strong>{told}</strong> <span className="muted">({`${low} – ${high}`})</span>
    </>
  );
}

const marksOf = (row: ForecastRow): string =>
  [row.is_generic ? text.generic : "", row.is_validated ? "" : text.untested]
    .filter(Boolean)
    .join(", ");
