import { expect, test } from "vitest";

import { ApiError } from "../api/client";
import { refused } from "./useForecast";

test("a withdrawn forecast is told apart from none at all", () => {
  const detail = { state: "withdrawn", cut_off_age_s: 90_000 };
  expect(refused(new ApiError(503, "unavailable", "it is withdrawn", detail))).toEqual({
    kind: "withdrawn",
    detail,
  });
  expect(refused(new ApiError(503, "unavailable", "being made"))).toEqual({
    kind: "none",
    reason: "being made",
  });
  expect(refused(new ApiError(404, "not_found", "no model")).kind).toBe("none");
});

test("the reason is told without the sentence that the page says itself", () => {
  const reason = "no forecast model is set";
  const detail = { reason, reason_told: [{ text: reason, code: "forecast.no_model", values: {} }] };
  const told = `there is no forecast of the region: ${reason}`;
  expect(refused(new ApiError(404, "not_found", told, detail))).toEqual({
    kind: "none",
    reason: "no forecast model is set",
  });
});

test("other faults are not taken for a missing forecast", () => {
  expect(() => refused(new ApiError(401, "unauthorized", "token"))).toThrow("token");
  expect(() => refused(new TypeError("network"))).toThrow("network");
});
