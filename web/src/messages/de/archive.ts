/** Deutsch: was das Archiv enthält. */

import type { archive as English } from "../en/archive";

export const archive: typeof English = {
  nav: "Archiv",
  title: "Archiv der Aufzeichnungen",
  none: "Das Archiv enthält noch keine Aufzeichnungen.",
  day: "Tag (UTC)",
  earlierDay: "Tag davor",
  laterDay: "Tag danach",
  stations: "Stationen (Muster)",
  days: (first: string, last: string, count: number) => `${count} ${count === 1 ? "Tag" : "Tage"} mit Aufzeichnungen, von ${first} bis ${last}`,
  nothing: "Von diesem Tag und diesen Stationen gibt es keine Aufzeichnungen.",
  trace: "Kanal",
  when: "Wann",
  share: "Anteil am Tag",
  gaps: "Lücken",
  size: "Größe",
  gapsText: (count: number, length: string) => (count === 0 ? "keine" : `${count} Lücken, ${length}`),
  barLabel: (trace: string, percent: string) => `${trace}: Aufzeichnungen in ${percent} des Tages`,
  open: "Öffnen",
  openLabel: (trace: string) => `Aufzeichnung von ${trace} öffnen`,
  barNote: "Ein Klick auf einen Balken öffnet dort die Aufzeichnung.",
  record: (trace: string) => `Aufzeichnung von ${trace}`,
  recordLabel: (trace: string, from: string, until: string) => `Aufzeichnung von ${trace} von ${from} bis ${until}, UTC`,
  earlier: "Früher",
  later: "Später",
  shorter: "Kürzer",
  longer: "Länger",
  close: "Schließen",
  download: "Als miniSEED speichern",
  noRecord: "In dieser Zeit wurde nichts aufgezeichnet.",
};
