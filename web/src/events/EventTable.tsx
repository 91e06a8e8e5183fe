/** Events as a table; on a narrow screen each becomes a card. */

import type { EventSummary } from "../api/types";
import { messages } from "../messages";
import { Badges, depthText, latitudeText, longitudeText, magnitudeText, OriginTime, Quality } from "./words";

const text = messages.events;

interface Properties {
  events: EventSummary[];
  selected: string | null;
  onSelect: (eventId: string) => void;
}

export function EventTable({ events, selected, onSelect }: Properties) {
  return (
    <table className="cards">
      <thead>
        <tr>
          <th scope="col">{text.time}</th>
          <th scope="col">{text.magnitude}</th>
          <th scope="col">{text.depth}</th>
          <th scope="col">{text.place}</th>
          <th scope="col">{text.quality}</th>
          <th scope="col">{text.picks}</th>
          <th scope="col">{text.status}</th>
          <th scope="col">{text.version}</th>
        </tr>
      </thead>
      <tbody>
        {events.map((event) => (
          <tr
            key={event.event_id}
            data-event={event.event_id}
            className={rowClass(event, selected)}
            onMouseEnter={() => onSelect(event.event_id)}
            onFocus={() => onSelect(event.event_id)}
          >
            <td data-label={text.time}>
              <OriginTime event={event} />
            </td>
            <td data-label={text.magnitude} className="nowrap">{magnitudeText(event)}</td>
            <td data-label={text.depth} className="nowrap">{depthText(event)}</td>
            <td data-label={text.place}>
              <span className="nowrap">{latitudeText(event)}</span>{" "}
              <span className="nowrap">{longitudeText(event)}</span>
            </td>
            <td data-label={text.quality}>
              <Quality grade={event.quality} />
            </td>
            <td data-label={text.picks}>{event.n_picks}</td>
            <td data-label={text.status}>
              <Badges event={event} />
            </td>
            <td data-label={text.version}>{event.version}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function rowClass(event: EventSummary, selected: string | null): string {
  const isSelected = event.event_id === selected ? "selected" : "";
  return event.kind === "cancel" ? `${isSelected} withdrawn` : isSelected;
}
