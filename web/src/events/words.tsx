/** Parts of an event in words: each number with its unit and uncertainty. */

import type { EventSummary } from "../api/types";
import { degreeDecimals, latitude, longitude, plusMinus, utcPlusMinus } from "../format";
import { messages, textOf } from "../messages";
import { eventAddress } from "../ui/hooks";

const text = messages.events;

export function magnitudeText(event: {
  magnitude: number | null;
  magnitude_type: string;
  magnitude_sd: number | null;
}): string {
  if (event.magnitude === null) return text.noMagnitude;
  const value = `${event.magnitude_type} ${event.magnitude.toFixed(1)}`;
  return event.magnitude_sd === null ? value : `${value} ± ${event.magnitude_sd.toFixed(1)}`;
}

/** What an event is called in a heading. */
export const nameOf = (event: EventSummary): string =>
  event.magnitude === null ? event.event_id : `${magnitudeText(event)}, ${event.event_id}`;

export const depthText = (event: EventSummary): string =>
  plusMinus(event.depth_km, event.depth_sd_km, "km");

export function latitudeText(event: EventSummary): string {
  const place = latitude(event.latitude, degreeDecimals(event.north_sd_km));
  return `${place} ± ${plusMinus(0, event.north_sd_km, "km").split("± ")[1]}`;
}

export function longitudeText(event: EventSummary): string {
  const place = longitude(event.longitude, degreeDecimals(event.east_sd_km));
  return `${place} ± ${plusMinus(0, event.east_sd_km, "km").split("± ")[1]}`;
}

/** Origin time in two parts that stay whole where the line breaks between them. */
export function OriginTime({ event }: { event: EventSummary }) {
  const whole = utcPlusMinus(event.time, event.time_sd_s);
  return (
    <a href={eventAddress(event.event_id)}>
      <span className="nowrap">{whole.slice(0, 10)}</span>{" "}
      <span className="nowrap">{whole.slice(11)}</span>
    </a>
  );
}

/** How final an event is, and whether it happened at all. */
export function Badges({ event }: { event: EventSummary }) {
  const isWithdrawn = event.kind === "cancel" && event.status !== "rejected";
  const state = isWithdrawn ? "cancelled" : event.status;
  return (
    <>
      <span className={`badge ${state}`}>{text[state]}</span>
      {event.is_synthetic && <span className="badge synthetic">{text.synthetic}</span>}
    </>
  );
}

export function Quality({ grade }: { grade: string }) {
  return (
    <abbr className={`quality quality-${grade}`} title={textOf(messages.qualities, grade)}>
      {grade}
    </abbr>
  );
}
