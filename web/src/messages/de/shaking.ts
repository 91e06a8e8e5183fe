/** German: maps of shaking. */

import type { shaking as English } from "../en/shaking";

export const shaking: typeof English = {
  title: "Erschütterung eines Szenarios",
  eventTitle: "Erschütterung",
  explanation:
    "Wie stark der Boden um ein mögliches Erdbeben herum erschüttert würde: der Median dessen, was ein " +
    "Modell erwartet, und wie weit einzelne Aufzeichnungen davon abweichen.",
  magnitude: "Magnitude",
  magnitudeSd: "± (Standardabweichung)",
  longitude: "Länge (°)",
  latitude: "Breite (°)",
  depth: "Tiefe (km)",
  ask: "Karte zeichnen",
  measure: "Messgröße",
  none: (reason) => `Von diesem Erdbeben gibt es keine Karte: ${reason}.`,
  contours: (unit) => `Linien gleichen Medians (${unit})`,
  frame: "hier endet die Karte",
  edge: "gestrichelt: jenseits davon extrapoliert das Modell",
  strongest: "Stärkster Median",
  spread: "Eine von drei Aufzeichnungen liegt außerhalb eines Faktors von",
  epistemic: "davon aus fehlendem Wissen",
  model: (name) => `Modell: ${name}`,
  forMagnitude: (magnitude, draws) =>
    draws > 1 ? `für M ${magnitude}, über ${draws} mögliche Herde` : `für M ${magnitude}`,
  measures: { ln_pga: "PGA", ln_pgv: "PGV" },
  psa: (period) => `PSA bei ${period} s`,
  fas: (frequency) => `Fourier-Amplitude bei ${frequency} Hz`,
  label: "Karte der Erschütterung",
};
