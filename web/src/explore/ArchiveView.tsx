/** Which channels have records when: a day of bars, each opens the record itself. */

import "./explore.css";

import { useMemo, useState, type MouseEvent } from "react";

import { span } from "../format";
import { messages } from "../messages";
import { useRequest } from "../ui/hooks";
import { archive, type ChannelSpans } from "./client";
import { RecordPanel } from "./RecordPanel";
import { Words } from "../told/Words";

const text = messages.archive;
const DAY_S = 86_400;
const PATTERN = /^[A-Za-z0-9*?.-]{1,20}$/;

interface Opened {
  trace: string;
  middleS: number;
}

export function ArchiveView() {
  const { data, problem } = useRequest((signal) => archive.days(signal), "");
  const days = useMemo(() => [...new Set((data ?? []).flatMap((one) => one.days))].sort(), [data]);
  const [chosen, setChosen] = useState<string | null>(null);
  const day = chosen ?? days.at(-1) ?? null;
  return (
    <section className="panel" aria-labelledby="archive-title">
      <h2 id="archive-title">{text.title}</h2>
      {problem !== null && (
        <p className="problem" role="alert">
          <Words text={problem} />
        </p>
      )}
      {data === null && problem === null && <p className="empty">{messages.loading}</p>}
      {data !== null && day === null && <p className="empty">{text.none}</p>}
      {day !== null && <Day key={day} day={day} days={days} onDay={setChosen} />}
    </section>
  );
}

const after = (day: string, days: number): string =>
  new Date(Date.parse(`${day}T00:00Z`) + days * DAY_S * 1000).toISOString().slice(0, 10);

function Day({ day, days, onDay }: { day: string; days: string[]; onDay: (day: string) => void }) {
  const [pattern, setPattern] = useState("*");
  const wanted = PATTERN.test(pattern) ? pattern : "*";
  const { data, problem } = useRequest(
    (signal) => archive.spans(`${day}T00:00:00Z`, `${after(day, 1)}T00:00:00Z`, wanted, signal),
    `${day} ${wanted}`,
  );
  const [opened, setOpened] = useState<Opened | null>(null);
  const earlier = days.filter((one) => one < day).at(-1);
  const later = days.find((one) => one > day);
  return (
    <>
      <div className="panel-head archive-head">
        <button type="button" disabled={earlier === undefined} onClick={() => onDay(earlier!)}>
          {text.earlierDay}
        </button>
        <label>
          {text.day}{" "}
          <select value={day} onChange={(event) => onDay(event.target.value)}>
            {days.map((one) => (
              <option key={one}>{one}</option>
            ))}
          </select>
        </label>
        <button type="button" disabled={later === undefined} onClick={() => onDay(later!)}>
          {text.laterDay}
        </button>
        <label>
          {text.stations}{" "}
          <input
            value={pattern}
            aria-invalid={!PATTERN.test(pattern)}
            onChange={(event) => setPattern(event.target.value)}
          />
        </label>
        <span className="muted">{text.days(days[0]!, days.at(-1)!, days.length)}</span>
      </div>
      {problem !== null && (
        <p className="problem" role="alert">
          <Words text={problem} />
        </p>
      )}
      {data?.length === 0 && <p className="empty">{text.nothing}</p>}
      {data !== null && data.length > 0 && <Bars day={day} channels={data} onOpen={setOpened} />}
      {opened !== null && (
        <RecordPanel key={`${opened.trace} ${opened.middleS}`} {...opened} onClose={() => setOpened(null)} />
      )}
    </>
  );
}

function Bars({ day, channels, onOpen }: {
  day: string;
  channels: ChannelSpans[];
  onOpen: (opened: Opened) => void;
}) {
  const startS = Date.parse(`${day}T00:00Z`) / 1000;
  return (
    <>
      <p className="muted note">{text.barNote}</p>
      <table className="cards archive-days">
        <thead>
          <tr>
            {[text.trace, text.when, text.share, text.gaps, text.size].map((one) => (
              <th key={one} scope="col">
                {one}
              </th>
            ))}
            <th scope="col">
              <span className="aloud">{text.open}</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {channels.map((one) => (
            <tr key={one.trace} data-trace={one.trace}>
              <td data-label={text.trace}>{one.trace}</td>
              <td data-label={text.when} className="archive-bar">
                <Bar channel={one} startS={startS} onPlace={(middleS) => onOpen({ trace: one.trace, middleS })} />
              </td>
              <td data-label={text.share}>{percent(one.share)}</td>
              <td data-label={text.gaps}>{text.gapsText(one.gap_count, span(one.gap_s))}</td>
              <td data-label={text.size}>{megabytes(one.file_bytes)}</td>
              <td data-label={text.open}>
                <button
                  type="button"
                  className="small"
                  aria-label={text.openLabel(one.trace)}
                  onClick={() => onOpen({ trace: one.trace, middleS: seconds(one.spans[0]!.start) + 60 })}
                >
                  {text.open}
                </button>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </>
  );
}

const seconds = (time: string): number => Date.parse(time) / 1000;
const percent = (share: number): string => `${(100 * share).toFixed(share < 0.1 ? 2 : 1)} %`;
const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(bytes < 1e6 ? 2 : 1)} MB`;

/** A day from left to right; filled where there are records. */
function Bar({ channel, startS, onPlace }: {
  channel: ChannelSpans;
  startS: number;
  onPlace: (middleS: number) => void;
}) {
  const open = (event: MouseEvent<SVGSVGElement>) => {
    const { left, width } = event.currentTarget.getBoundingClientRect();
    const at = startS + ((event.clientX - left) / width) * DAY_S;
    onPlace(closest(channel, at));
  };
  return (
    <svg
      viewBox="0 0 1000 16"
      preserveAspectRatio="none"
      role="img"
      aria-label={text.barLabel(channel.trace, percent(channel.share))}
      onClick={open}
    >
      {channel.spans.map((one) => {
        const from = ((seconds(one.start) - startS) / DAY_S) * 1000;
        const until = ((seconds(one.end) - startS) / DAY_S) * 1000;
        return <rect key={one.start} x={from} y="0" width={Math.max(2, until - from)} height="16" />;
      })}
    </svg>
  );
}

/** A time where there is a record, nearest to the one that was clicked. */
export function closest(channel: Pick<ChannelSpans, "spans">, atS: number): number {
  let best = atS;
  let least = Infinity;
  for (const one of channel.spans) {
    const inside = Math.min(seconds(one.end), Math.max(seconds(one.start), atS));
    if (Math.abs(inside - atS) < least) [best, least] = [inside, Math.abs(inside - atS)];
  }
  return best;
}
