/** The location of now beside the one that edited picks give. */

import type { EventDetail } from "../api/types";
import { depthText, latitudeText, longitudeText, magnitudeText } from "../events/words";
import { offsetKm } from "../events/plotting";
import { areaKm2, utcPlusMinus } from "../format";
import { messages } from "../messages";
import type { Relocation } from "./client";

const text = messages.review;

export function Comparison({ before, after }: Relocation) {
  const moved = Math.hypot(...offsetKm(before, after)).toFixed(2);
  const shiftS = (Date.parse(after.time) - Date.parse(before.time)) / 1000;
  const rows: [string, (one: EventDetail) => string, string][] = [
    [text.originTime, (one) => utcPlusMinus(one.time, one.time_sd_s), `${signed(shiftS)} s`],
    [text.epicentre, (one) => `${latitudeText(one)}, ${longitudeText(one)}`, `${moved} km`],
    [text.depth, depthText, `${signed(after.depth_km - before.depth_km)} km`],
    [text.magnitude, magnitudeText, difference(before.magnitude, after.magnitude)],
    [text.rms, (one) => seconds(one.rms_residual_s), difference(before.rms_residual_s, after.rms_residual_s, "s")],
    [text.region68, (one) => (one.region68_km2 === null ? "–" : areaKm2(one.region68_km2)), ""],
    [text.gap, (one) => degrees(one.azimuthal_gap_deg), ""],
    [text.picks, (one) => String(one.n_picks), String(after.n_picks - before.n_picks)],
  ];
  return (
    <div className="table-scroll" tabIndex={0} role="region" aria-label={text.compare}>
      <table className="comparison">
        <caption>{text.compare}</caption>
        <thead>
          <tr>
            <th scope="col">{text.quantity}</th>
            <th scope="col">{text.before}</th>
            <th scope="col">{text.after}</th>
            <th scope="col">{text.difference}</th>
          </tr>
        </thead>
        <tbody>
          {rows.map(([name, write, change]) => (
            <tr key={name}>
              <th scope="row">{name}</th>
              <td>{write(before)}</td>
              <td>{write(after)}</td>
              <td>{change}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

const signed = (value: number): string => `${value >= 0 ? "+" : "−"}${Math.abs(value).toFixed(2)}`;
const seconds = (value: number | null): string => (value === null ? "–" : `${value.toFixed(3)} s`);
const degrees = (value: number | null): string => (value === null ? "–" : `${value.toFixed(0)}°`);

function difference(before: number | null, after: number | null, unit = ""): string {
  return before === null || after === null ? "–" : `${signed(after - before)} ${unit}`.trim();
}
