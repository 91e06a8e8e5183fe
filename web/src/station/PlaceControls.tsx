/** Which channel, which time, how much of it; and the link that holds all that. */

import { useState, type FormEvent } from "react";

import { span, utc } from "../format";
import { messages } from "../messages";
import { useShortcut } from "../ui/shortcuts";
import { LENGTHS_S, type StationPlace } from "./address";

const text = messages.station;

export interface PlaceProperties {
  traceId: string;
  place: StationPlace;
  change: (change: Partial<StationPlace>) => void;
  newestMs: number;
}

/** The end that a window may have: at the newest data it follows them. */
export const endAt = (endMs: number, newestMs: number): number | null => (endMs >= newestMs ? null : endMs);

/** The place after a step in time, in shares of the window. */
export function moved({ place, newestMs }: PlaceProperties, share: number): Partial<StationPlace> {
  return { endMs: endAt((place.endMs ?? newestMs) + share * place.lengthS * 1000, newestMs) };
}

/** The place with the next longer or shorter window around the same middle; live stays live. */
export function resized({ place, newestMs }: PlaceProperties, step: 1 | -1): Partial<StationPlace> {
  const at = LENGTHS_S.findIndex((one) => one === place.lengthS) + step;
  const lengthS = LENGTHS_S[Math.min(LENGTHS_S.length - 1, Math.max(0, at))]!;
  if (place.endMs === null) return { lengthS };
  const middleMs = place.endMs - 500 * place.lengthS;
  return { lengthS, endMs: endAt(middleMs + 500 * lengthS, newestMs) };
}

export function PlaceControls(properties: PlaceProperties & { channels: string[] }) {
  const { channels, traceId, place, change } = properties;
  const group = text.group;
  useShortcut({ keys: "b", group, text: text.earlier, run: () => change(moved(properties, -0.5)) });
  useShortcut({ keys: "n", group, text: text.later, run: () => change(moved(properties, 0.5)) });
  useShortcut({ keys: "i", group, text: text.closer, run: () => change(resized(properties, -1)) });
  useShortcut({ keys: "u", group, text: text.wider, run: () => change(resized(properties, 1)) });
  useShortcut({ keys: "r", group, text: text.liveOn, run: () => change({ endMs: null }) });
  const shown = channels.includes(traceId) ? channels : [traceId, ...channels];
  return (
    <div className="panel panel-head station-controls">
      <label>
        {text.channel}{" "}
        <select value={traceId} onChange={(event) => change({ traceId: event.target.value })}>
          {shown.map((one) => (
            <option key={one}>{one}</option>
          ))}
        </select>
      </label>
      <label>
        {text.window}{" "}
        <select value={place.lengthS} onChange={(event) => change({ lengthS: Number(event.target.value) })}>
          {LENGTHS_S.map((one) => (
            <option key={one} value={one}>
              {span(one)}
            </option>
          ))}
        </select>
      </label>
      <EndForm key={place.endMs} {...properties} />
      <span className="trace-buttons">
        <button type="button" onClick={() => change(moved(properties, -0.5))} aria-label={text.earlier} title={text.earlier}>
          <span aria-hidden="true">◀</span>
        </button>
        <button type="button" onClick={() => change(moved(properties, 0.5))} aria-label={text.later} title={text.later}>
          <span aria-hidden="true">▶</span>
        </button>
      </span>
      <button type="button" aria-pressed={place.endMs === null} title={text.liveOn} onClick={() => change({ endMs: null })}>
        {text.live}
      </button>
      <Share />
    </div>
  );
}

function EndForm({ place, change, newestMs }: PlaceProperties) {
  const [written, setWritten] = useState(place.endMs === null ? "" : utc(place.endMs));
  const [isBad, setBad] = useState(false);
  const go = (event: FormEvent) => {
    event.preventDefault();
    const endMs = Date.parse(`${written.trim().replace(" ", "T").replace(/Z$/i, "")}Z`);
    setBad(Number.isNaN(endMs));
    if (!Number.isNaN(endMs)) change({ endMs: endAt(endMs, newestMs) });
  };
  return (
    <form onSubmit={go} className="end-form">
      <label>
        {text.end}{" "}
        <input
          size={19}
          value={written}
          placeholder={place.endMs === null ? utc(newestMs) : text.endForm}
          aria-invalid={isBad}
          aria-describedby={isBad ? "end-problem" : undefined}
          onChange={(event) => setWritten(event.target.value)}
        />
      </label>{" "}
      <button type="submit">{text.show}</button>
      {isBad && (
        <span id="end-problem" className="warn" role="alert">
          {text.badTime}
        </span>
      )}
    </form>
  );
}

function Share() {
  const [link, setLink] = useState<string | null>(null);
  const [isCopied, setCopied] = useState(false);
  const share = async () => {
    const address = window.location.href;
    try {
      await navigator.clipboard.writeText(address);
      setCopied(true);
      setLink(null);
    } catch {
      setLink(address); // no clipboard without a secure connection: the reader copies it
    }
  };
  return (
    <span className="share">
      <button type="button" onClick={() => void share()}>
        {text.share}
      </button>{" "}
      <span role="status">{isCopied && text.shared}</span>
      {link !== null && (
        <label>
          {text.sharing} <input readOnly value={link} size={30} onFocus={(event) => event.target.select()} />
        </label>
      )}
    </span>
  );
}
