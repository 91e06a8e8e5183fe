/** Deutsch: Gewichte von Netzen und ihre Karten. */

import type { models as English } from "../en/models";

export const models: typeof English = {
  nav: "Modelle",
  title: "Modelle",
  now: (name: string) => `Die neuesten Einsätze sind vom Modell ${name}.`,
  nothingNow: "Noch keine Einsätze; keines dieser Modelle hat bisher gedient.",
  name: "Name des Modells",
  task: "Aufgabe",
  version: "Version",
  state: "Stand",
  serves: "Detektor des Namens default",
  loaded: "geladen",
  packaged: "mitgeliefert",
  added: "hinzugefügt",
  show: "Karte",
  showLabel: (name: string) => `Karte von ${name}`,
  licence: "Lizenz",
  files: "Dateien (SHA-256)",
  noCard: "Dieses Modell hat keine Karte.",
  close: "Schließen",
  compare: "Zwei Modelle vergleichen",
  left: "Erstes",
  right: "Zweites",
  metric: "Kennzahl",
  noCommon: "Diese beiden haben keine Kennzahlen zu zeigen.",
  onlyCommon: "Nur Kennzahlen, die beide haben",
  promote: "Einsetzen",
  promoteWhy: "Einsatz",
};
