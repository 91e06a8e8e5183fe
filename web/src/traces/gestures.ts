/** Drag, wheel and pinch over the rows, told as steps in shares of a row's width. */

export interface Gestures {
  /** Move by a share of the window; positive: to earlier times, as the hand takes the record along. */
  onPan(traceId: string | null, share: number): void;
  /** Zoom in time by a factor around a share of the width. */
  onZoom(traceId: string | null, factor: number, share: number): void;
  onAmplify(traceId: string | null, factor: number): void;
}

interface Hand {
  id: number;
  x: number;
  y: number;
}

const WHEEL_STEP = 0.0018;
const LINE_PX = 16;

/** Listen until the returned function is called; `chart` is what a pointer must be over. */
export function listenToGestures(element: HTMLElement, chart: string, gestures: Gestures): () => void {
  const hands: Hand[] = [];
  let target: { traceId: string | null; left: number; width: number } | null = null;

  const targetOf = (event: Event) => {
    const found = (event.target as Element).closest<HTMLElement>(chart);
    if (found === null) return null;
    const { left, width } = found.getBoundingClientRect();
    const traceId = found.closest<HTMLElement>("[data-trace]")?.dataset["trace"] ?? null;
    return width > 0 ? { traceId, left, width } : null;
  };

  const begin = (event: PointerEvent) => {
    if (event.button !== 0 || hands.length === 2) return;
    target = hands.length === 0 ? targetOf(event) : target;
    if (target === null) return;
    hands.push({ id: event.pointerId, x: event.clientX, y: event.clientY });
    element.setPointerCapture(event.pointerId);
  };

  const move = (event: PointerEvent) => {
    const hand = hands.find((one) => one.id === event.pointerId);
    if (hand === undefined || target === null) return;
    const before = { ...hand };
    [hand.x, hand.y] = [event.clientX, event.clientY];
    const other = hands.find((one) => one !== hand);
    if (other === undefined) {
      gestures.onPan(target.traceId, (hand.x - before.x) / target.width);
      return;
    }
    const apart = (one: Hand) => Math.max(20, Math.hypot(one.x - other.x, one.y - other.y));
    const share = ((hand.x + other.x) / 2 - target.left) / target.width;
    gestures.onZoom(target.traceId, apart(hand) / apart(before), share);
  };

  const end = (event: PointerEvent) => {
    const place = hands.findIndex((one) => one.id === event.pointerId);
    if (place >= 0) hands.splice(place, 1);
  };

  const wheel = (event: WheelEvent) => {
    const over = targetOf(event);
    if (over === null) return;
    const step = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? LINE_PX : 1;
    const [across, along] = [event.deltaX * step, event.deltaY * step];
    const isAxis = over.traceId === null;
    if (event.altKey) gestures.onAmplify(over.traceId, Math.exp(-along * WHEEL_STEP));
    else if (event.ctrlKey || event.metaKey || isAxis) {
      const share = (event.clientX - over.left) / over.width;
      gestures.onZoom(over.traceId, Math.exp(-along * WHEEL_STEP), share);
    } else if (event.shiftKey || Math.abs(across) > Math.abs(along)) {
      gestures.onPan(over.traceId, -(across || along) / over.width);
    } else return; // the list scrolls
    event.preventDefault();
  };

  element.addEventListener("pointerdown", begin);
  element.addEventListener("pointermove", move);
  element.addEventListener("pointerup", end);
  element.addEventListener("pointercancel", end);
  element.addEventListener("wheel", wheel, { passive: false });
  return () => {
    element.removeEventListener("pointerdown", begin);
    element.removeEventListener("pointermove", move);
    element.removeEventListener("pointerup", end);
    element.removeEventListener("pointercancel", end);
    element.removeEventListener("wheel", wheel);
  };
}
