/** Small bars: the share of each of the last 24 hours that is there. */

import { messages } from "../messages";
import { percent } from "./sentences";

const WIDE = 4;
const HIGH = 18;

export function HourBars({ hours, day }: { hours: number[]; day: number }) {
  return (
    <span className="hour-bars">
      <svg
        viewBox={`0 0 ${hours.length * WIDE} ${HIGH}`}
        width={hours.length * WIDE}
        height={HIGH}
        role="img"
        aria-label={messages.stations.dayLabel(percent(day))}
      >
        {hours.map((share, at) => (
          <rect
            key={at}
            className={share >= 0.99 ? "whole" : share > 0 ? "part" : "nothing"}
            x={at * WIDE}
            y={HIGH - Math.max(1, share * HIGH)}
            width={WIDE - 1}
            height={Math.max(1, share * HIGH)}
          />
        ))}
      </svg>{" "}
      <span className="nowrap">{percent(day)}</span>
    </span>
  );
}
