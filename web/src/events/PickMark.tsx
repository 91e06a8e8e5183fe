/** A pick in a record section: a line with its error, that may be dragged or moved by keys. */

import { useRef, type KeyboardEvent, type PointerEvent } from "react";

import { messages } from "../messages";
import { codeOf, type Change, type EditPick } from "../review/edit";
import type { Frame } from "./recordFrame";

const text = messages.review;
const [STEP_MS, LARGE_STEP_MS, SIGMA_STEP] = [10, 100, 1.25];
const HANDLE_PX = 24;

interface Properties {
  pick: EditPick;
  y: number;
  half: number;
  frame: Frame;
  originMs: number;
  /** Null where nothing may be changed. */
  onChange: ((change: Change) => void) | null;
  secondsAt: (clientX: number) => number;
}

export function PickMark(properties: Properties) {
  const { pick, frame, originMs, onChange } = properties;
  const seconds = (pick.timeMs - originMs) / 1000;
  if (!frame.isInside(seconds)) return null;
  return onChange === null ? (
    <g className={`pick-mark pick-${pick.phase}`} pointerEvents="none">
      <Lines {...properties} seconds={seconds} />
    </g>
  ) : (
    <Movable {...properties} seconds={seconds} onChange={onChange} />
  );
}

function Lines({ pick, y, half, frame, seconds }: Properties & { seconds: number }) {
  const x = frame.xOf(seconds);
  const width = Math.max(1, frame.xOf(seconds + pick.sigmaS) - x);
  return (
    <>
      <rect className="pick-sigma" x={x - width} y={y - half} width={2 * width} height={2 * half} />
      <line x1={x} x2={x} y1={y - half} y2={y + half} />
      <text x={x + 3} y={y - half + 9}>
        {pick.phase}
      </text>
    </>
  );
}

interface MovableProperties extends Properties {
  seconds: number;
  onChange: (change: Change) => void;
}

function Movable(properties: MovableProperties) {
  const { pick, y, half, frame, originMs, seconds, onChange, secondsAt } = properties;
  const dragged = useRef<{ offsetS: number; hasMoved: boolean } | null>(null);
  const { id } = pick;
  const press = (event: KeyboardEvent) => {
    const change = changeOfKey(pick, event.key, event.shiftKey);
    if (change === null || event.ctrlKey || event.altKey || event.metaKey) return;
    event.preventDefault();
    event.stopPropagation();
    onChange(change);
  };
  const grab = (event: PointerEvent<SVGGElement>) => {
    if (event.button !== 0) return;
    event.currentTarget.setPointerCapture(event.pointerId);
    dragged.current = { offsetS: secondsAt(event.clientX) - seconds, hasMoved: false };
  };
  const drag = (event: PointerEvent) => {
    const grabbed = dragged.current;
    if (grabbed === null) return;
    const timeMs = originMs + (secondsAt(event.clientX) - grabbed.offsetS) * 1000;
    onChange({ kind: "move", id, timeMs, isDrag: grabbed.hasMoved });
    grabbed.hasMoved = true;
  };
  return (
    <g
      className={`pick-mark movable pick-${pick.phase}`}
      role="slider"
      tabIndex={0}
      data-pick={`${codeOf(pick)} ${pick.phase}`}
      aria-label={text.pickOf(pick.phase, pick.station)}
      aria-valuenow={Number(seconds.toFixed(3))}
      aria-valuemin={Number(frame.fromS.toFixed(3))}
      aria-valuemax={Number((frame.fromS + frame.lengthS).toFixed(3))}
      aria-valuetext={text.atSeconds(seconds.toFixed(2), pick.sigmaS.toFixed(3))}
      onKeyDown={press}
      onPointerDown={grab}
      onPointerMove={drag}
      onPointerUp={() => (dragged.current = null)}
    >
      <rect
        className="pick-handle"
        x={frame.xOf(seconds) - HANDLE_PX / 2}
        y={y - half}
        width={HANDLE_PX}
        height={2 * half}
      />
      <Lines {...properties} />
    </g>
  );
}

/** What a key does to a pick, or null. */
export function changeOfKey(pick: EditPick, key: string, isShift: boolean): Change | null {
  const { id, timeMs, sigmaS } = pick;
  const step = isShift ? LARGE_STEP_MS : STEP_MS;
  switch (key) {
    case "ArrowLeft":
    case "ArrowDown":
      return { kind: "move", id, timeMs: timeMs - step };
    case "ArrowRight":
    case "ArrowUp":
      return { kind: "move", id, timeMs: timeMs + step };
    case "Delete":
    case "Backspace":
      return { kind: "remove", id };
    case "+":
      return { kind: "sigma", id, sigmaS: sigmaS * SIGMA_STEP };
    case "-":
      return { kind: "sigma", id, sigmaS: sigmaS / SIGMA_STEP };
    case "p":
    case "P":
      return { kind: "phase", id, phase: "P" };
    case "s":
    case "S":
      return { kind: "phase", id, phase: "S" };
    default:
      return null;
  }
}
