/** German: lists of events. */

import type { events as English } from "../en/events";

export const events: typeof English = {
  title: "Erdbeben",
  latest: "Neueste Erdbeben",
  none: "Noch keine Erdbeben.",
  noMatch: "Kein Erdbeben hat diese Güte.",
  time: "Herdzeit (UTC)",
  magnitude: "Magnitude",
  depth: "Tiefe",
  place: "Epizentrum",
  quality: "Güte",
  /** The same words amid a line. */
  within: { depth: "Tiefe", magnitude: "Magnitude", quality: "Güte" },
  picks: "Einsätze",
  status: "Status",
  version: "Version",
  filter: "Güte",
  all: "alle",
  orBetter: (grade) => (grade === "A" ? "nur A" : `${grade} oder besser`),
  preliminary: "vorläufig",
  settled: "endgültig",
  reviewed: "geprüft",
  rejected: "verworfen",
  cancelled: "zurückgezogen",
  synthetic: "synthetisch",
  noMagnitude: "keine",
  count: (count) => `${count} Erdbeben`,
  /** Where the list does not hold all of them. */
  newestOf: (shown, count) => `Die neuesten ${shown} von ${count} Erdbeben`,
  more: "Alle Erdbeben",
  arrived: (event) => `Neues Erdbeben: ${event}`,
  ago: (span) => `vor ${span}`,
  agoTitle: "vor jetzt; bei einer Wiedergabe vor den neuesten Daten",
};
