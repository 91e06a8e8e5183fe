import { createElement } from "react";
import { renderToStaticMarkup } from "react-dom/server";
import { describe, expect, it, vi } from "vitest";

import { reachableRow, rowAfter, rowStep } from "./currentRow";
import { Painter } from "./painter";
import { PastTraces } from "./pastTraces";
import { TraceRow } from "./TraceRow";

vi.mock("react", async (load) => ({
  ...(await load<object>()),
  useSyncExternalStore: (_: unknown, read: () => unknown) => read(), // there is no server's snapshot
}));

const ROWS = ["a", "b", "c"];
const key = (name: string, more = {}) =>
  ({ key: name, shiftKey: false, ctrlKey: false, altKey: false, metaKey: false, ...more });

/** The row as it is shown, with how often Tab stops in it. */
function stopsIn(isReachable: boolean): number {
  const painter = new Painter();
  const shown = renderToStaticMarkup(
    createElement(TraceRow, {
      traceId: "XX.A..HHZ",
      isVisible: false,
      isCurrent: false,
      isReachable,
      picks: [],
      distance: null,
      painter,
      past: new PastTraces(() => undefined),
      width: 0,
      height: 64,
      isDark: false,
      observe: () => () => undefined,
    }),
  );
  return shown.match(/tabindex="0"/gi)?.length ?? 0;
}

describe("the rows", () => {
  it("are reached by Tab at the first one before any was chosen, then at the chosen one", () => {
    expect(reachableRow(ROWS, null)).toBe("a");
    expect(reachableRow(ROWS, "c")).toBe("c");
    expect(reachableRow([], null)).toBeNull();
  });

  it("let Tab stop at the link and the lock of the one that is reached, and of no other", () => {
    expect([stopsIn(true), stopsIn(false)]).toEqual([2, 0]);
  });

  it("follow each other, and end at both ends", () => {
    expect(rowAfter(ROWS, "a", 1)).toBe("b");
    expect(rowAfter(ROWS, "c", 1)).toBe("c");
    expect(rowAfter(ROWS, "a", -1)).toBe("a");
    expect([rowAfter(ROWS, null, 1), rowAfter(ROWS, null, -1)]).toEqual(["a", "c"]);
    expect(rowAfter([], null, 1)).toBeUndefined();
  });

  it("are chosen by arrows alone, while the focus is in one of them", () => {
    expect(rowStep(key("ArrowDown"), true)).toBe(1);
    expect(rowStep(key("ArrowUp"), true)).toBe(-1);
    expect(rowStep(key("ArrowDown"), false)).toBe(0); // it scrolls
    expect(rowStep(key("ArrowDown", { shiftKey: true }), true)).toBe(0); // it draws lower
    expect(rowStep(key("ArrowRight"), true)).toBe(0);
  });
});
