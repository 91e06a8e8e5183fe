/** A panel with a canvas on which the reader may drag out a range. */

import { useEffect, useRef, useState, type PointerEvent, type ReactNode } from "react";

import { useIsDark, useWidth } from "../ui/hooks";
import type { Axis } from "./axes";
import { DARK, LIGHT } from "./colours";
import { boxOf, dropDrawing, drawSoon, Plot, valueAt } from "./plot";

export type Ends = [number, number];
interface Properties {
  name: string;
  title: string;
  /** What is seen, in words. */
  label: string;
  x: Axis;
  y: Axis;
  height?: number;
  paint: (plot: Plot) => void;
  /** What a drag chooses along; null: the panel only shows. */
  brush: "x" | "y" | "xy" | null;
  onBrush?: (x: Ends, y: Ends) => void;
  children?: ReactNode;
}

type Corner = [x: number, y: number];
const LEAST_PX = 4;

export function Chart({ name, title, label, x, y, height = 230, paint, brush, onBrush, children }: Properties) {
  const [holder, width] = useWidth<HTMLDivElement>();
  const canvas = useRef<HTMLCanvasElement>(null);
  const isDark = useIsDark();
  const [drag, setDrag] = useState<[Corner, Corner] | null>(null);

  useEffect(() => {
    const element = canvas.current;
    const context = element?.getContext("2d", { willReadFrequently: true });
    if (!element || !context || width === 0) return undefined;
    const owner = {};
    drawSoon(owner, () => {
      const ratio = Math.min(2, window.devicePixelRatio || 1);
      const [columns, rows] = [Math.round(width * ratio), Math.round(height * ratio)];
      if (element.width !== columns) element.width = columns;
      if (element.height !== rows) element.height = rows;
      const plot = new Plot(context, width, height, ratio, x, y, isDark ? DARK : LIGHT);
      plot.frame();
      paint(plot);
      element.dataset["drawn"] = "true";
    });
    return () => void dropDrawing(owner);
  }, [width, height, x, y, paint, isDark]);

  const box = boxOf(width, height);
  const at = (event: PointerEvent): Corner => {
    const { left, top } = event.currentTarget.getBoundingClientRect();
    return [
      Math.min(box.left + box.width, Math.max(box.left, event.clientX - left)),
      Math.min(box.top + box.height, Math.max(box.top, event.clientY - top)),
    ];
  };
  const end = () => {
    setDrag(null);
    if (drag === null || onBrush === undefined) return;
    const [[ax, ay], [bx, by]] = drag;
    const far = Math.max(brush === "y" ? 0 : Math.abs(ax - bx), brush === "x" ? 0 : Math.abs(ay - by));
    if (far < LEAST_PX) return;
    const xs = [ax, bx].map((one) => valueAt((one - box.left) / box.width, x));
    const ys = [ay, by].map((one) => valueAt(1 - (one - box.top) / box.height, y));
    onBrush(inOrder(xs), inOrder(ys));
  };
  return (
    <section className="panel explore-panel" aria-label={title}>
      <h3>{title}</h3>
      <div ref={holder} className="explore-chart">
        <canvas
          ref={canvas}
          data-panel={name}
          role="img"
          aria-label={label}
          style={{ width: "100%", height }}
          className={brush === null ? "" : "brushable"}
          onPointerDown={(event) => {
            if (brush === null || event.button !== 0) return;
            event.currentTarget.setPointerCapture(event.pointerId);
            setDrag([at(event), at(event)]);
          }}
          onPointerMove={(event) => drag !== null && setDrag([drag[0], at(event)])}
          onPointerUp={end}
          onPointerCancel={() => setDrag(null)}
        />
        {drag !== null && <div className="brush" style={boxOfDrag(drag, brush, box)} />}
      </div>
      {children}
    </section>
  );
}

const inOrder = ([a, b]: number[]): Ends => (a! <= b! ? [a!, b!] : [b!, a!]);

function boxOfDrag([[ax, ay], [bx, by]]: [Corner, Corner], brush: "x" | "y" | "xy" | null, box: ReturnType<typeof boxOf>) {
  const isWide = brush === "y";
  const isHigh = brush === "x";
  return {
    left: isWide ? box.left : Math.min(ax, bx),
    width: isWide ? box.width : Math.abs(ax - bx),
    top: isHigh ? box.top : Math.min(ay, by),
    height: isHigh ? box.height : Math.abs(ay - by),
  };
}
