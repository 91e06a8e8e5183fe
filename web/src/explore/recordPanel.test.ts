import { expect, it, vi } from "vitest";

import { readRecord } from "./RecordPanel";

it("the picks of a record are those of its station and its time", async () => {
  vi.stubGlobal("document", { baseURI: "http://here/" });
  vi.stubGlobal("sessionStorage", { getItem: () => null });
  const bins = { start: "2020-01-01T00:00:00Z", bin_s: 1, minimum: [1], maximum: [2] };
  const asked: URL[] = [];
  vi.stubGlobal("fetch", (url: URL) => {
    asked.push(url);
    return Promise.resolve(Response.json({ data: url.pathname.endsWith("picks") ? [] : bins }));
  });
  await readRecord("BW.UH1..EHZ", 1_577_836_800, 1_577_836_920);
  const picks = asked.find((one) => one.pathname === "/api/v1/picks")!;
  expect(Object.fromEntries(picks.searchParams)).toMatchObject({
    station: "BW.UH1",
    start: "2020-01-01T00:00:00.000Z",
    end: "2020-01-01T00:02:00.000Z",
  });
});
