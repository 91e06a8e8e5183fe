/** English: maps of shaking. */

export const shaking = {
  title: "Shaking of a scenario",
  eventTitle: "Shaking",
  explanation:
    "How strongly the ground would shake around an earthquake that might be: the median of what a " +
    "model expects, and how far single records lie from it.",
  magnitude: "Magnitude",
  magnitudeSd: "± (standard deviation)",
  longitude: "Longitude (°)",
  latitude: "Latitude (°)",
  depth: "Depth (km)",
  ask: "Map",
  measure: "Measure",
  none: (reason: string) => `There is no map of this event: ${reason}.`,
  contours: (unit: string) => `Lines of equal median (${unit})`,
  frame: "the map ends here",
  edge: "dashed: beyond it the model extrapolates",
  strongest: "Strongest median",
  spread: "One record in three lies outside a factor of",
  epistemic: "of which lack of knowledge",
  model: (name: string) => `model: ${name}`,
  forMagnitude: (magnitude: string, draws: number) =>
    draws > 1 ? `for M ${magnitude}, over ${draws} possible sources` : `for M ${magnitude}`,
  measures: { ln_pga: "PGA", ln_pgv: "PGV" },
  psa: (period: string) => `PSA at ${period} s`,
  fas: (frequency: string) => `Fourier amplitude at ${frequency} Hz`,
  label: "Map of shaking",
};
