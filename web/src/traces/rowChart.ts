/** One row of the traces panel: the record as a band, P and S probability and picks over it. */

import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";

import type { LivePick } from "../api/types";
import { utc } from "../format";
import type { TraceColours } from "./colours";
import type { RowData } from "./rowData";

const inUtc = (seconds: number): Date => uPlot.tzDate(new Date(seconds * 1000), "Etc/UTC");
const AXIS_FONT = "10px system-ui, sans-serif";
const CLOCK: uPlot.Axis.Values = (_, splits) =>
  splits.map((seconds) => utc(seconds * 1000, Number.isInteger(seconds) ? 0 : 1, false));
/** Steps of the time axis in seconds. */
const STEPS = [0.2, 0.5, 1, 2, 5, 10, 15, 20, 30, 60, 120, 300];
export const RIGHT_AXIS_PX = 30;

export class RowChart {
  private readonly plot: uPlot;
  private range: [number, number] = [0, 1];
  private heights: [number, number] = [-1, 1];
  private picks: LivePick[] = [];

  constructor(
    holder: HTMLElement,
    private readonly colours: TraceColours,
    size: { width: number; height: number },
  ) {
    this.plot = new uPlot(this.options(size), [[], [], [], [], [], []], holder);
  }

  draw(row: RowData, startS: number, endS: number, picks: LivePick[], gain: number): void {
    const half = (row.amplitude > 0 ? 1.05 * row.amplitude : 1) / gain;
    this.range = [startS, endS];
    this.heights = [row.centre - half, row.centre + half];
    this.picks = picks;
    // in a batch it draws now, not later together with all other rows
    this.plot.batch(() => this.plot.setData([row.times, row.lowest, row.highest, row.p, row.s, row.noise]));
  }

  resize(width: number, height: number): void {
    this.plot.setSize({ width, height });
  }

  destroy(): void {
    this.plot.destroy();
  }

  private options(size: { width: number; height: number }): uPlot.Options {
    const { record, band, p, s, noise, grid, text } = this.colours;
    const edge = { stroke: record, width: 0.7, points: { show: false }, spanGaps: false };
    const curve = { scale: "probability", width: 1.4, points: { show: false } };
    return {
      ...size,
      padding: [2, 0, 2, 0],
      legend: { show: false },
      cursor: { show: false },
      tzDate: inUtc,
      scales: {
        x: { time: true, range: () => this.range },
        y: { range: () => this.heights },
        probability: { range: () => [-0.12, 1.12] },
      },
      series: [
        {},
        { ...edge },
        { ...edge },
        { ...curve, stroke: p },
        { ...curve, stroke: s, dash: [6, 3] },
        { ...curve, stroke: noise, width: 1, dash: [1.5, 3] },
      ],
      bands: [{ series: [2, 1], fill: band }],
      axes: [
        {
          side: 2,
          size: 0,
          incrs: STEPS,
          space: 80,
          grid: { stroke: grid, width: 1 },
          ticks: { show: false },
          values: () => [],
        },
        { show: false },
        {
          scale: "probability",
          side: 1,
          size: RIGHT_AXIS_PX,
          stroke: text,
          font: AXIS_FONT,
          gap: 2,
          splits: () => [0, 0.5, 1],
          values: (_, splits) => splits.map(String),
          grid: { show: false },
          ticks: { show: false },
        },
      ],
      hooks: { draw: [(plot) => this.markPicks(plot)] },
    };
  }

  private markPicks(plot: uPlot): void {
    const { ctx: context, bbox: box } = plot;
    const scale = window.devicePixelRatio || 1;
    context.save();
    context.beginPath();
    context.rect(box.left, box.top, box.width, box.height);
    context.clip();
    context.font = `bold ${11 * scale}px system-ui, sans-serif`;
    context.textBaseline = "top";
    for (const pick of this.picks) {
      const timeS = Date.parse(pick.time) / 1000;
      const colour = pick.phase === "P" ? this.colours.p : this.colours.s;
      const at = plot.valToPos(timeS, "x", true);
      const left = plot.valToPos(timeS - pick.sigma_s, "x", true);
      const right = plot.valToPos(timeS + pick.sigma_s, "x", true);
      context.fillStyle = colour;
      context.globalAlpha = 0.28;
      context.fillRect(left, box.top, right - left, box.height);
      context.globalAlpha = 1;
      context.fillRect(at - 0.75 * scale, box.top, 1.5 * scale, box.height);
      const line = pick.phase === "P" ? 1 : 13; // so that close picks keep their letters apart
      context.fillText(pick.phase, at + 3 * scale, box.top + line * scale);
    }
    context.restore();
  }
}

/** The time axis over all rows. */
export class TimeAxis {
  private readonly plot: uPlot;
  private range: [number, number] = [0, 1];

  constructor(holder: HTMLElement, colours: TraceColours, width: number) {
    this.plot = new uPlot(
      {
        width,
        height: 22,
        padding: [0, RIGHT_AXIS_PX, 0, 0],
        legend: { show: false },
        cursor: { show: false },
        tzDate: inUtc,
        scales: { x: { time: true, range: () => this.range }, y: { range: () => [0, 1] } },
        series: [{}, { points: { show: false } }],
        axes: [
          {
            side: 0,
            size: 20,
            gap: 2,
            incrs: STEPS,
            space: 80,
            stroke: colours.text,
            font: AXIS_FONT,
            values: CLOCK,
            grid: { show: false },
            ticks: { stroke: colours.grid, size: 3 },
          },
          { show: false },
        ],
      },
      [[], []],
      holder,
    );
  }

  draw(startS: number, endS: number): void {
    this.range = [startS, endS];
    this.plot.setData([
      [startS, endS],
      [null, null],
    ]);
  }

  resize(width: number): void {
    this.plot.setSize({ width, height: 22 });
  }

  destroy(): void {
    this.plot.destroy();
  }
}
