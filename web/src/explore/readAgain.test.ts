import { createElement } from "react";
import { renderToStaticMarkup } from "react-dom/server";
import { expect, it, vi } from "vitest";

import { messages } from "../messages";
import { catalogues } from "./client";
import type { Columns } from "./columns";
import { ReadAgain, readEvents } from "./ExploreView";
import { lawText } from "./panels";

it("the live catalogue says when it was read, and can be read again", async () => {
  vi.useFakeTimers({ now: Date.parse("2020-01-01T12:00:00Z") });
  vi.spyOn(catalogues, "events").mockResolvedValue({ n: 0 } as Columns);
  const { readMs } = await readEvents("live");
  const told = renderToStaticMarkup(createElement(ReadAgain, { readMs, onAgain: () => undefined }));
  expect(told).toContain("2020-01-01 12:00:00 UTC");
  expect(told).toContain(`>${messages.explore.readAgain}</button>`);
  vi.useRealTimers();
});

it("completeness that could not be asked for is not awaited for ever", () => {
  expect(lawText(null, "too many requests")).toBe("too many requests");
  expect(lawText(null)).toBe(messages.loading);
});
