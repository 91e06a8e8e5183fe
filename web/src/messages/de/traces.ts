/** German: the live traces. */

import type { traces as English } from "../en/traces";

export const traces: typeof English = {
  title: "Seismogramme",
  window: "Fenster",
  minutes: (count) => `${count} min`,
  pause: "Anhalten",
  resume: "Weiter",
  paused: "Angehalten",
  pauseKey: "Seismogramme anhalten oder weiterlaufen lassen",
  show: "Zeigen",
  vertical: "Vertikale jeder Station",
  all: "alle Kanäle",
  find: "Suchen",
  findExample: "z. B. UH3",
  count: (shown, all) => `${shown} von ${all} Kanälen`,
  noTraces: "Noch sind keine Aufzeichnungen eingetroffen.",
  noMatch: "Kein Kanal passt.",
  stored: "Hier ist nichts live: Dies sind die gespeicherten Aufzeichnungen eines früheren Laufs.",
  storedEvents: "Ihre Erdbeben ansehen",
  legendP: "P: Wahrscheinlichkeit und Einsätze",
  legendS: "S: Wahrscheinlichkeit und Einsätze",
  legendBand:
    "Balken um einen Einsatz: ± eine Standardabweichung seiner Zeit. Skala rechts: Wahrscheinlichkeit.",
  amplitude: (value) => `± ${value} Counts`,
  behind: (span) => `${span} im Rückstand`,
  rowLabel: (trace, picks) =>
    `${trace}: Aufzeichnung mit Wahrscheinlichkeit von P und S, ${picks} ${picks === 1 ? "Einsatz" : "Einsätze"} im Bild`,
  timeAxis: "Zeit (UTC)",
};
