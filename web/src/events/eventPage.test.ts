/** What the page of an event says where something is not known, not read, or of an older version. */

import { createElement, type ComponentProps, type FunctionComponent } from "react";
import { renderToStaticMarkup } from "react-dom/server";
import { beforeAll, describe, expect, it, vi } from "vitest";

import type { EventDetail, Posterior } from "../api/types";
import { messages } from "../messages";
import { Trail } from "../review/Reviews";
import { Shaking } from "../shaking/EventShaking";
import { Depths } from "./DepthHistogram";
import { AlertTable, StationMagnitudes } from "./DetailTables";
import { Links } from "./Links";
import { MagnitudePlot } from "./Plots";

function shown<T extends FunctionComponent<any>>(component: T, properties: ComponentProps<T>): string {
  return renderToStaticMarkup(createElement(component as FunctionComponent<any>, properties));
}

const PROBLEM = "the disk is gone";

beforeAll(() => {
  vi.stubGlobal("document", { baseURI: "http://here/" });
  vi.stubGlobal("window", { location: { hash: "" } });
});

describe("what could not be read", () => {
  it.each([
    ["depths", () => shown(Depths, { posterior: null, problem: PROBLEM }), messages.detail.noPosterior],
    ["reviews", () => shown(Trail, { reviews: null, problem: PROBLEM }), messages.loading],
    ["alerts", () => shown(AlertTable, { alerts: null, problem: PROBLEM }), messages.loading],
    ["shaking", () => shown(Shaking, { answer: null, problem: PROBLEM }), messages.loading],
  ])("of the %s is told as such", (_, render, otherwise) => {
    expect(render()).toContain(messages.detail.failed(PROBLEM));
    expect(render()).not.toContain(otherwise);
  });
});

describe("what is still read", () => {
  it("is not told as missing", () => {
    const depths = shown(Depths, { posterior: null, problem: null });
    expect(depths).toContain(messages.loading);
    expect(depths).not.toContain(messages.detail.noPosterior);
    expect(shown(Shaking, { answer: null, problem: null })).toContain(messages.loading);
  });

  it("is told as missing where there is none", () => {
    const posterior = { samples: null } as Posterior;
    expect(shown(Depths, { posterior, problem: null })).toContain(messages.detail.noPosterior);
    expect(shown(Trail, { reviews: [], problem: null })).toContain(messages.review.noTrail);
    expect(shown(AlertTable, { alerts: [], problem: null })).toBe("");
  });
});

describe("station magnitudes", () => {
  const row = {
    station_code: "BW.UH1", value: 1.1, sd: null, magnitude_type: "ML", phase: "S",
    hypocentral_distance_km: 12, is_outlier: false,
  };
  const event = {
    magnitude: 1.2, magnitude_sd: 0.1, magnitude_type: "ML", station_magnitudes: [row],
  } as unknown as EventDetail;

  it("are drawn over the distance that they have", () => {
    const plot = shown(MagnitudePlot, { event });
    expect(plot).toContain(messages.eventPage.hypocentralAxis);
    expect(plot).not.toContain(messages.eventPage.distanceAxis);
  });

  it("have that distance in their table too", () => {
    const table = shown(StationMagnitudes, { rows: event.station_magnitudes });
    expect(table).toContain(messages.detail.hypocentralDistance);
  });
});

describe("the QuakeML of an event", () => {
  const of = (version: number) =>
    shown(Links, {
      event: {
        event_id: "a", version, time: "2020-01-01T00:00:00Z", arrivals: [],
        versions: [{ version: 1 }, { version: 2 }],
      } as unknown as EventDetail,
    });

  it("says beside an older version that it is of the latest one", () => {
    expect(of(1)).toContain(messages.detail.quakemlLatest);
    expect(of(2)).not.toContain(messages.detail.quakemlLatest);
  });
});
