/** English: efficiency of faults. */

export const faults = {
  title: "Fault efficiency",
  explanation:
    "How much of the displacement across a fault zone slips on mapped faults, estimated from the " +
    "shape of their traces; the rest deforms the ground between them.",
  file: "Traces (GeoJSON)",
  pixel: "Pixel (m)",
  ask: "Estimate",
  noGeoJson: (name: string) => `${name} is no GeoJSON; send traces as LineStrings.`,
  efficiency: "kinematic efficiency",
  along: "distance along the fault (km)",
  band: "nine in ten",
  model: (name: string) => `model: ${name}`,
  noPlace: "These traces are in a local frame, so the map cannot show them.",
  window: (ke: string, low: string, high: string) => `${ke}, nine in ten from ${low} to ${high}`,
  table: "As a table",
  chartLabel: (count: number, lowest: string, highest: string) =>
    `Efficiency of ${count} windows along the fault, from ${lowest} to ${highest}, with bands`,
};
