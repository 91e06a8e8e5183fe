/** How records are shown: component, scale, spacing, amplitude and time. */

import { messages } from "../messages";

const text = messages.eventPage;
const COMPONENTS = ["Z", "N", "E"] as const;
const GAIN_STEP = 1.5;

export interface Look {
  component: string;
  gain: number;
  /** Whether all records have the same scale. */
  isCommon: boolean;
  /** Whether they lie by distance. */
  isTrue: boolean;
}

interface Properties {
  look: Look;
  onLook: (look: Look) => void;
  onZoom: (factor: number, shift?: number) => void;
  onWhole: () => void;
}

export function SectionTools({ look, onLook, onZoom, onWhole }: Properties) {
  const buttons = [
    { sign: "⊕", name: text.zoomIn, run: () => onZoom(0.5) },
    { sign: "⊖", name: text.zoomOut, run: () => onZoom(2) },
    { sign: "←", name: text.earlier, run: () => onZoom(1, -0.25) },
    { sign: "→", name: text.later, run: () => onZoom(1, 0.25) },
    { sign: "+", name: text.louder, run: () => onLook({ ...look, gain: look.gain * GAIN_STEP }) },
    { sign: "−", name: text.quieter, run: () => onLook({ ...look, gain: look.gain / GAIN_STEP }) },
  ];
  return (
    <div className="section-tools">
      <label>
        {text.component}{" "}
        <select
          value={look.component}
          onChange={(event) => onLook({ ...look, component: event.target.value })}
        >
          {COMPONENTS.map((one) => (
            <option key={one} value={one}>
              {`${one}: ${text.components[one]}`}
            </option>
          ))}
        </select>
      </label>
      <label>
        {text.scale}{" "}
        <select
          value={String(look.isCommon)}
          onChange={(event) => onLook({ ...look, isCommon: event.target.value === "true" })}
        >
          <option value="false">{text.ownScale}</option>
          <option value="true">{text.commonScale}</option>
        </select>
      </label>
      <label>
        {text.spacing}{" "}
        <select
          value={String(look.isTrue)}
          onChange={(event) => onLook({ ...look, isTrue: event.target.value === "true" })}
        >
          <option value="false">{text.evenSpacing}</option>
          <option value="true">{text.trueSpacing}</option>
        </select>
      </label>
      <span className="buttons">
        {buttons.map((one) => (
          <button key={one.sign} type="button" aria-label={one.name} title={one.name} onClick={one.run}>
            {one.sign}
          </button>
        ))}
        <button type="button" onClick={onWhole}>
          {text.whole}
        </button>
      </span>
    </div>
  );
}
