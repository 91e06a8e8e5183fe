/** A stretch of one channel from the archive, with its picks, and its download. */

import { useEffect, useRef, useState } from "react";

import type { LivePick } from "../api/types";
import { utc } from "../format";
import { messages } from "../messages";
import { picksOf } from "../station/client";
import { traceColours } from "../traces/colours";
import { RowChart, TimeAxis } from "../traces/rowChart";
import { NO_REACH, reachOf, type RowData } from "../traces/rowData";
import { Download } from "../ui/Download";
import { useIsDark, useRequest, useWidth } from "../ui/hooks";
import { archive, type WaveformBins } from "./client";
import { Words } from "../told/Words";

const text = messages.archive;
const HEIGHT = 150;
const [SHORTEST_S, LONGEST_S] = [5, 3600];
const PIXELS = 1200;

interface Properties {
  trace: string;
  /** Middle of what is shown first, seconds since 1970. */
  middleS: number;
  onClose: () => void;
}

const iso = (seconds: number): string => new Date(seconds * 1000).toISOString();

export function RecordPanel({ trace, middleS, onClose }: Properties) {
  const [[startS, lengthS], setView] = useState<[number, number]>([middleS - 60, 120]);
  const endS = startS + lengthS;
  const title = useRef<HTMLHeadingElement>(null);
  useEffect(() => title.current?.focus(), []);
  const { data, problem } = useRequest(
    (signal) => readRecord(trace, startS, endS, signal),
    `${trace} ${startS} ${lengthS}`,
  );
  const zoom = (factor: number) => {
    const next = Math.min(LONGEST_S, Math.max(SHORTEST_S, lengthS * factor));
    setView([startS + (lengthS - next) / 2, next]);
  };
  const [network, station, location, channel] = trace.split(".") as [string, string, string, string];
  const query = new URLSearchParams({
    net: network, sta: station, loc: location || "--", cha: channel, start: iso(startS), end: iso(endS),
  });
  return (
    <section className="panel" aria-labelledby="record-title">
      <div className="panel-head">
        <h3 id="record-title" tabIndex={-1} ref={title}>
          {text.record(trace)}
        </h3>
        <span>
          {utc(startS * 1000)} – {utc(endS * 1000, 0, false)} UTC
        </span>
        <div className="explore-tools">
          <button type="button" onClick={() => setView([startS - lengthS / 2, lengthS])}>{text.earlier}</button>
          <button type="button" onClick={() => setView([startS + lengthS / 2, lengthS])}>{text.later}</button>
          <button type="button" onClick={() => zoom(0.5)}>{text.shorter}</button>
          <button type="button" onClick={() => zoom(2)}>{text.longer}</button>
          <button type="button" onClick={onClose}>{text.close}</button>
        </div>
        <Download path={`fdsnws/dataselect/1/query?${query}`} fileName={`${trace}.mseed`}>
          {text.download}
        </Download>
      </div>
      {data !== null && <Record {...data} trace={trace} />}
      {problem !== null && (
        <p className="empty" role="status">
          {text.noRecord} <Words text={problem} />
        </p>
      )}
    </section>
  );
}

/** The bins of a channel, and the picks of its station in the same time. */
export async function readRecord(trace: string, startS: number, endS: number, signal?: AbortSignal) {
  const station = trace.split(".").slice(0, 2).join(".");
  const [bins, picks] = await Promise.all([
    archive.waveform(trace, iso(startS), iso(endS), PIXELS, signal),
    picksOf(station, startS * 1000, endS * 1000, signal),
  ]);
  return { row: rowOf(bins), picks, startS, endS };
}

/** Bins as the chart of a row takes them. */
export function rowOf(bins: Pick<WaveformBins, "start" | "bin_s" | "minimum" | "maximum">): RowData {
  const begin = Date.parse(bins.start) / 1000;
  const times = bins.minimum.map((_, index) => begin + (index + 0.5) * bins.bin_s);
  const none = times.map(() => null);
  const { minimum: lowest, maximum: highest } = bins;
  return { times, lowest, highest, p: none, s: none, noise: none, ...(reachOf(lowest, highest) ?? NO_REACH) };
}

function Record({ row, picks, startS, endS, trace }: {
  row: RowData;
  picks: LivePick[];
  startS: number;
  endS: number;
  trace: string;
}) {
  const [attach, width] = useWidth<HTMLDivElement>();
  const axis = useRef<HTMLDivElement>(null);
  const holder = useRef<HTMLDivElement>(null);
  const isDark = useIsDark();
  useEffect(() => {
    if (width === 0 || holder.current === null || axis.current === null) return undefined;
    const clock = new TimeAxis(axis.current, traceColours(), width);
    const chart = new RowChart(holder.current, traceColours(), { width, height: HEIGHT });
    clock.draw(startS, endS);
    chart.draw(row, startS, endS, picks, 1);
    return () => {
      clock.destroy();
      chart.destroy();
    };
  }, [row, picks, startS, endS, width, isDark]);
  return (
    <div ref={attach}>
      <div ref={axis} aria-hidden="true" />
      <div
        ref={holder}
        role="img"
        data-record={trace}
        aria-label={text.recordLabel(trace, utc(startS * 1000), utc(endS * 1000))}
      />
    </div>
  );
}
