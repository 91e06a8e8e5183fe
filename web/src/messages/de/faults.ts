/** German: efficiency of faults. */

import type { faults as English } from "../en/faults";

export const faults: typeof English = {
  title: "Effizienz einer Störung",
  explanation:
    "Welcher Anteil der Verschiebung über eine Störungszone auf kartierten Störungen gleitet, " +
    "geschätzt aus der Form ihrer Spuren; der Rest verformt den Boden dazwischen.",
  file: "Störungsspuren (GeoJSON)",
  pixel: "Pixelweite (m)",
  ask: "Schätzen",
  noGeoJson: (name) => `${name} ist kein GeoJSON; senden Sie die Spuren als LineStrings.`,
  efficiency: "kinematische Effizienz",
  along: "Entfernung entlang der Störung (km)",
  band: "neun von zehn",
  model: (name) => `Modell: ${name}`,
  noPlace: "Diese Spuren liegen in einem örtlichen System, daher kann die Karte sie nicht zeigen.",
  window: (ke, low, high) => `${ke}, neun von zehn zwischen ${low} und ${high}`,
  table: "Als Tabelle",
  chartLabel: (count, lowest, highest) =>
    `Effizienz von ${count} Fenstern entlang der Störung, von ${lowest} bis ${highest}, mit Bändern`,
};
