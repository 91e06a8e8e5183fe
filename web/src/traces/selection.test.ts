import { expect, it } from "vitest";

import { chooseChannels, withCurves } from "./selection";

const TRACES = [
  "BW.UH1..SHZ",
  "BW.UH1..SH_P",
  "BW.UH3..SHE",
  "BW.UH3..SHN",
  "BW.UH3..SHZ",
  "BW.UH3..SH_P",
  "BW.UH3..SH_S",
  "XX.DAS.00.HSF",
  "XX.DAS.00.HSG",
];

it("shows the vertical of each station, and the first channel where there is none", () => {
  expect(chooseChannels(TRACES, false, "")).toEqual(["BW.UH1..SHZ", "BW.UH3..SHZ", "XX.DAS.00.HSF"]);
});

it("shows all channels, and finds by text", () => {
  expect(chooseChannels(TRACES, true, "")).toHaveLength(6);
  expect(chooseChannels(TRACES, true, " uh3 ")).toEqual(["BW.UH3..SHE", "BW.UH3..SHN", "BW.UH3..SHZ"]);
  expect(chooseChannels(TRACES, false, "nothing")).toEqual([]);
});

it("subscribes to the curves that exist, each once", () => {
  expect(withCurves(["BW.UH3..SHN", "BW.UH3..SHZ", "BW.UH1..SHZ"], TRACES)).toEqual([
    "BW.UH3..SHN",
    "BW.UH3..SH_P",
    "BW.UH3..SH_S",
    "BW.UH3..SHZ",
    "BW.UH1..SHZ",
    "BW.UH1..SH_P",
  ]);
});
