/** The map of the exploration: an area, or the line of the section, is drawn on it. */

import { useEffect, useRef, useState, type PointerEvent } from "react";

import { messages } from "../messages";
import type { Columns } from "./columns";
import { boxArea, type Place } from "./filters";
import type { PlanMap, Tool } from "./planMap";

const text = messages.explore;
const TOOLS: readonly Tool[] = ["move", "box", "lasso", "line"];
const LEAST_PX = 5;

interface Properties {
  columns: Columns;
  mask: Uint8Array;
  area: Place[] | null;
  line: Place[] | null;
  count: number;
  onArea: (area: Place[]) => void;
  onLine: (from: Place, to: Place) => void;
}

export function PlanPanel({ columns, mask, area, line, count, onArea, onLine }: Properties) {
  const holder = useRef<HTMLDivElement>(null);
  const events = useRef<HTMLCanvasElement>(null);
  const [view, setView] = useState<PlanMap | null>(null);
  const [hasFailed, setFailed] = useState(false);
  const [tool, setTool] = useState<Tool>("move");
  const [path, setPath] = useState<Place[]>([]);

  useEffect(() => {
    let made: PlanMap | null = null;
    let isGone = false;
    import("./planMap")
      .then((module) => {
        if (isGone || holder.current === null || events.current === null) return;
        made = new module.PlanMap(holder.current, events.current, text.mapLabel);
        setView(made);
      })
      .catch(() => setFailed(true));
    return () => {
      isGone = true;
      made?.remove();
    };
  }, []);
  useEffect(() => view?.setEvents(columns), [view, columns]);
  useEffect(() => view?.select(mask, area, line), [view, mask, area, line]);

  const end = () => {
    setPath([]);
    if (view === null || path.length < 2) return;
    const [first, last] = [path[0]!, path.at(-1)!];
    const reach = Math.max(...path.map(([x, y]) => Math.hypot(x - first[0], y - first[1])));
    if (reach < LEAST_PX) return;
    if (tool === "line") onLine(view.placeAt(...first), view.placeAt(...last));
    if (tool === "lasso" && path.length > 2) onArea(thinned(path).map((one) => view.placeAt(...one)));
    if (tool === "box") {
      const [a, b] = [view.placeAt(...first), view.placeAt(...last)];
      const [west, east] = [Math.min(a[0], b[0]), Math.max(a[0], b[0])];
      onArea(boxArea(west, Math.min(a[1], b[1]), east, Math.max(a[1], b[1])));
    }
    setTool("move");
  };
  return (
    <section className="panel explore-panel explore-map" aria-label={text.mapTitle}>
      <div className="panel-head">
        <h3>{text.mapTitle}</h3>
        <div role="group" aria-label={text.toolsLabel} className="explore-tools">
          {TOOLS.map((one) => (
            <button
              key={one}
              type="button"
              className="small"
              aria-pressed={tool === one}
              onClick={() => setTool(one)}
            >
              {text.tools[one]}
            </button>
          ))}
        </div>
      </div>
      {hasFailed && <p className="problem">{text.mapFailed}</p>}
      <div className="explore-map-stack">
        <div ref={holder} className="explore-map-canvas" />
        <canvas ref={events} data-panel="map" role="img" aria-label={text.mapEvents(count)} />
        {tool !== "move" && (
          <svg
            className="explore-draw"
            aria-hidden="true"
            onPointerDown={(event) => {
              event.currentTarget.setPointerCapture(event.pointerId);
              setPath([at(event)]);
            }}
            onPointerMove={(event) => path.length > 0 && setPath([...path, at(event)])}
            onPointerUp={end}
            onPointerCancel={() => setPath([])}
          >
            {path.length > 1 && <Drawn tool={tool} path={path} />}
          </svg>
        )}
      </div>
      <p className="muted note">{text.toolNotes[tool]}</p>
    </section>
  );
}

function at(event: PointerEvent): Place {
  const { left, top } = event.currentTarget.getBoundingClientRect();
  return [event.clientX - left, event.clientY - top];
}

function Drawn({ tool, path }: { tool: Tool; path: Place[] }) {
  const [[ax, ay], [bx, by]] = [path[0]!, path.at(-1)!];
  if (tool === "line") return <line x1={ax} y1={ay} x2={bx} y2={by} />;
  if (tool === "lasso") return <polygon points={path.map((one) => one.join(",")).join(" ")} />;
  return (
    <rect x={Math.min(ax, bx)} y={Math.min(ay, by)} width={Math.abs(ax - bx)} height={Math.abs(ay - by)} />
  );
}

/** At most 60 corners: the address must hold them. */
function thinned(path: Place[]): Place[] {
  const step = Math.max(1, Math.ceil(path.length / 60));
  return path.filter((_, index) => index % step === 0);
}
