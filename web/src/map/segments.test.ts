import { expect, it } from "vitest";

import { classWords, segmentText } from "./segments";

it("names the classes that are not ruled out, as a list or as the map hands them on", () => {
  expect(classWords([1])).toBe("M 8.0 or more");
  expect(classWords("[0,1]")).toBe("below M 8.0 or M 8.0 or more");
  expect(classWords([])).toBe("none");
});

it("says that it is no forecast, and when the model does not apply", () => {
  const segment = { region: "sam", index: 40, probability: 0.8, conformal_set: "[1]", is_applicable: true };
  expect(segmentText(segment)).toContain("sam 40: probability 0.80");
  expect(segmentText(segment)).toContain("not a forecast");
  expect(segmentText(segment)).not.toContain("unlike");
  expect(segmentText({ ...segment, is_applicable: false })).toContain("unlike");
});
