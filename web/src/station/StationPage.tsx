/** One station: its record and spectrogram over any window, and hours of it as a helicorder. */

import "./station.css";

import { useEffect, useMemo, useRef, useState } from "react";

import type { StationHealth, StationInfo } from "../api/types";
import { latitude, longitude } from "../format";
import { newestSampleMs } from "../live/dataNow";
import { useLive } from "../live/liveStore";
import { messages } from "../messages";
import { isCurve } from "../traces/selection";
import { hasMoved } from "../ui/hooks";
import { HelicorderPanel } from "./HelicorderPanel";
import { PlaceControls } from "./PlaceControls";
import { RecordPanel } from "./RecordPanel";
import { StationHealthNote } from "./StationHealthNote";
import { usePlace } from "./usePlace";

const text = messages.station;

export function StationPage({ code }: { code: string }) {
  const station = useLive("stations").find((one) => one.code === code);
  const health = useLive("health");
  const traces = useLive("traces");
  const isLoaded = useLive("isLoaded");
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    if (hasMoved()) heading.current?.focus();
  }, []);
  const channels = useMemo(() => channelsOf(code, station, health, traces), [code, station, health, traces]);
  const [place, change] = usePlace(code);
  const newestMs = useNewest(place.endMs === null);
  const traceId = place.traceId ?? channels.find((one) => one.endsWith("Z")) ?? channels[0] ?? null;
  if (station === undefined && isLoaded && channels.length === 0) {
    return (
      <section className="panel">
        <p className="empty">{text.unknown(code)}</p>
        <a href="#/stations">{text.back}</a>
      </section>
    );
  }
  return (
    <div className="station-page">
      <p>
        <a href="#/stations">{text.back}</a>
      </p>
      <h2 ref={heading} tabIndex={-1}>
        {text.title(code)}
      </h2>
      {station !== undefined && (
        <p className="muted">
          {text.place(
            latitude(station.latitude, 4),
            longitude(station.longitude, 4),
            `${station.elevation_m.toFixed(0)} m`,
          )}
        </p>
      )}
      <StationHealthNote code={code} />
      {traceId === null && <p className="empty">{isLoaded ? text.noChannels : messages.loading}</p>}
      {traceId !== null && newestMs !== null && (
        <>
          <PlaceControls {...{ channels, traceId, place, change, newestMs }} />
          <RecordPanel {...{ code, traceId, place, change, newestMs }} />
          <HelicorderPanel {...{ code, traceId, place, change, newestMs }} />
        </>
      )}
    </div>
  );
}

/** The channels of a station that have sent, or are shown, data. */
export function channelsOf(
  code: string,
  station: StationInfo | undefined,
  health: StationHealth[],
  traces: string[],
): string[] {
  const isOurs = (id: string) => id.startsWith(`${code}.`) && !isCurve(id);
  const sent = health
    .filter((one) => isOurs(one.trace_id))
    .flatMap((one) => one.channels.map((channel) => `${one.trace_id.split(".").slice(0, 3).join(".")}.${channel}`));
  return [...new Set([...sent, ...(station?.traces ?? []).filter(isOurs), ...traces.filter(isOurs)])].sort();
}

const STEP_MS = 2000;

/** Time of the newest data in steps of two seconds, so that each is asked for once; at rest while nobody follows. */
function useNewest(follows: boolean): number | null {
  const streamMs = useLive("streamMs");
  const healthMs = newestSampleMs(useLive("health"));
  const known = streamMs ?? healthMs;
  const stepped = known === null ? null : Math.ceil(known / STEP_MS) * STEP_MS;
  const [held, setHeld] = useState(stepped);
  useEffect(() => {
    if (follows || held === null) setHeld(stepped);
  }, [follows, held, stepped]);
  return follows ? stepped : held;
}
