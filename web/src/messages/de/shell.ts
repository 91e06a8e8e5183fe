/** German: the frame of the page. */

import type { shell as English } from "../en/shell";

export const shell: typeof English = {
  language: "de",
  title: "mainshock",
  nav: {
    label: "Ansichten",
    live: "Live",
    events: "Erdbeben",
    forecast: "Prognose",
    stations: "Stationen",
    faults: "Störungen",
    shaking: "Erschütterung",
  },
  choose: {
    language: "Sprache",
    theme: "Farben",
    themes: { auto: "wie das System", light: "hell", dark: "dunkel" },
  },
  skip: "Zum Inhalt springen",
  loading: "Wird geladen …",
  back: "Alle Erdbeben",
  none: "keine",
  unknown: "unbekannt",
  synthetic: "Synthetische Aufzeichnungen: nichts davon ist geschehen",
  uncertainty: "± ist eine Standardabweichung.",
  status: {
    label: "Zustand des Dienstes",
    connecting: "Verbindung wird aufgebaut …",
    open: "Seite verbunden",
    waiting: "Verbindung verloren; neuer Versuch läuft …",
    closed: "Geschlossen",
    source: "Quelle",
    data: "Daten bis",
    noData: "Noch keine Daten",
    stored: "Gespeicherte Aufzeichnungen",
    storedTo: "Gespeicherte Aufzeichnungen bis",
    service: {
      ready: () => "",
      starting: () => "Der Dienst startet.",
      stopping: () => "Der Dienst hält an.",
      degraded: (reason) => `Nicht alles arbeitet: ${reason}`,
    },
    delay: (span) => `${span} im Rückstand`,
    replay: "Wiedergabe früherer Aufzeichnungen",
    live: "Live",
    problem: (text) => `Nicht alles konnte gelesen werden: ${text}`,
    unauthorised: "ein Token wird verlangt. Öffnen Sie die Seite mit ?token=TOKEN am Ende ihrer Adresse.",
  },
};
