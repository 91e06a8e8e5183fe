/** German: the forecast. */

import type { forecast as English } from "../en/forecast";

const WINDOWS: Record<number, string> = { 1: "1 Tag", 7: "1 Woche", 30: "30 Tage", 365: "1 Jahr" };

export const forecast: typeof English = {
  title: "Prognose",
  research: "Forschungsergebnis, keine amtliche Prognose",
  explanation:
    "Wie viele Erdbeben ein Modell nach dem erwartet, was bis jetzt bekannt ist. Dies sind " +
    "Wahrscheinlichkeiten: Erdbeben lassen sich nicht vorhersagen. Sie ändern sich mit jedem neuen Beben.",
  none: (reason) => `Es gibt keine Prognose: ${reason}`,
  withdrawnTitle: "Zurückgezogen: Die Daten sind zu alt",
  withdrawn: (age, limit) =>
    `Die neuesten Daten sind ${age} alt, mehr als ${limit}. Eine Prognose daraus wäre falsch, ` +
    "deshalb wird keine gezeigt.",
  lastIssued: "Zuletzt erstellt",
  issued: "Erstellt",
  cutOff: "Daten bis",
  ago: (span) => `vor ${span}`,
  retrospective: "Rückblickend: für eine vergangene Zeit erstellt",
  notValidated: "Nicht für alle gezeigten Zeitfenster überprüft",
  validated: "Für die gezeigten Zeitfenster überprüft",
  model: "Modell",
  agency: "Quelle amtlicher Auskunft",
  log: "Zeile im Protokoll",
  logValue: (number, digest) => `${number + 1}, SHA-256 ${digest.slice(0, 16)}…`,
  region: "Gebiet",
  magnitude: "Magnitude",
  window: "Zeitfenster",
  windows: (days) => WINDOWS[days] ?? `${days} Tage`,
  chance: "Wahrscheinlichkeit mindestens eines Bebens",
  reference: "Langfristige Wahrscheinlichkeit",
  multiple: "Vielfaches der langfristigen Anzahl",
  number: "Anzahl (95 %)",
  orLarger: (magnitude) => `M ${magnitude} oder stärker`,
  table: "Wahrscheinlichkeiten nach Magnitude und Zeitfenster",
  below: "< 1 %",
  above: "> 99 %",
  generic: "generisch",
  untested: "nicht überprüft",
  words: "In Worten",
  map: "Wo: der kommende Tag",
  mapLabel: "Was die Karte zeigt",
  byNumber: "erwartete Anzahl in jeder Zelle",
  byMultiple: "Vielfaches der langfristigen Anzahl",
  showEvents: "mit Erdbeben",
  cells: (magnitude) => `M ${magnitude} oder stärker, nächster Tag`,
  place: "Die Wahrscheinlichkeit an einem Ort",
  placeText:
    "Eines Erdbebens innerhalb einer Entfernung von einem Ort, ab jetzt. Die Antwort wird nicht protokolliert.",
  longitude: "Länge (°)",
  latitude: "Breite (°)",
  radius: "Innerhalb von (km)",
  days: "Tage",
  ask: "Berechnen",
  aftershocks: "Was nach diesem Erdbeben zu erwarten ist: Nachbeben",
};
