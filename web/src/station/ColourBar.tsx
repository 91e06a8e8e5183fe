/** The scale of the spectrogram's colours. */

import { messages } from "../messages";
import type { Spectrogram } from "./client";
import { colourOf } from "./colourMap";

const STEPS = 12;
const RAMP = Array.from({ length: STEPS + 1 }, (_, at) => `rgb(${colourOf(at / STEPS).join(" ")})`).join(", ");

export function ColourBar({ told }: { told: Spectrogram }) {
  const [low = 0, high = 0] = told.shown_db;
  return (
    <span className="colour-bar">
      <span>{low.toFixed(0)}</span>
      <span className="ramp" style={{ background: `linear-gradient(to right, ${RAMP})` }} />
      <span>{high.toFixed(0)}</span>
      <span className="muted">{messages.station.level(told.unit)}</span>
    </span>
  );
}
