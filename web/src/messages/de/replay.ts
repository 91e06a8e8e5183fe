/** Deutsch: Wiedergabe vergangener Stunden. */

import type { replay as English } from "../en/replay";

export const replay: typeof English = {
  nav: "Wiedergabe",
  title: "Eine vergangene Stunde wiedergeben",
  explanation:
    "Die Aufzeichnungen des Archivs gehen noch einmal durch alle Stufen, an einem eigenen Ort: " +
    "nichts davon kommt in den Live-Katalog, und keine Meldung wird gesendet.",
  label: "WIEDERGABE",
  from: "Von (UTC)",
  minutes: "Minuten",
  speed: "Tempo",
  speeds: (times: number) => (times === 0 ? "so schnell wie möglich" : `${times}-fach`),
  stations: "Stationen (Muster)",
  start: "Wiedergabe starten",
  wrongTime: "Schreiben Sie die Zeit als 2019-07-06 03:19.",
  list: "Wiedergaben",
  none: "Keine Wiedergabe läuft.",
  states: { running: "läuft", paused: "angehalten", ended: "beendet", stopped: "abgebrochen", failed: "gescheitert" },
  show: "Zeigen",
  row: (from: string, until: string) => `${from} – ${until}`,
  pause: "Anhalten",
  resume: "Weiter",
  stop: "Abbrechen",
  remove: "Entfernen",
  reached: (time: string) => `bei ${time}`,
  progress: "Wie weit die Wiedergabe ist",
  found: (events: number, picks: number) => `${events} Erdbeben und ${picks} Einsätze gefunden`,
  traces: "Aufzeichnungen der Wiedergabe",
  tracesLabel: (trace: string, picks: number) =>
    `Neueste Minute von ${trace} in der Wiedergabe, ${picks} Einsätze`,
  more: (count: number) => `${count} weitere Kanäle werden bearbeitet und nicht gezeichnet`,
  map: "Karte der Wiedergabe",
  events: "Erdbeben neben den früher gespeicherten",
  noEvents: "Noch kein Erdbeben, weder in der Wiedergabe noch für diese Zeit gespeichert.",
  time: "Herdzeit (UTC)",
  magnitude: "Magnitude",
  depth: "Tiefe",
  against: "Wiedergabe minus Gespeichertes",
  kinds: { both: "in beiden", replayed: "nur in der Wiedergabe", stored: "nur gespeichert" },
  difference: (time: string, distance: string) => `${time} s, ${distance} km entfernt`,
  magnitudeDifference: (value: string) => `Magnitude um ${value}`,
  pauseKey: "Anhalten oder weiter",
};
