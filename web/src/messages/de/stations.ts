/** German: the stations. */

import type { stations as English } from "../en/stations";

export const stations: typeof English = {
  title: "Stationen",
  none: "Noch hat keine Station Daten gesendet.",
  trace: "Messgerät",
  channels: "Kanäle",
  state: "Zustand",
  rate: "Abtastrate",
  last: "Letzter Messwert (UTC)",
  age: "Alter",
  latency: "Verzug bei Ankunft",
  gaps: "Lücken",
  gapsValue: (count, length, channels) =>
    count === 0 ? "0" : `${count}, ${length} ${channels > 1 ? "(Summe der Kanäle)" : "insgesamt"}`,
  packets: "Pakete",
  states: {
    current: "aktuell",
    late: "verspätet",
    silent: "stumm",
    stored: "gespeichert",
    none: "keine Daten",
  },
  ageNote:
    "Das Alter zählt bis jetzt; bei einer Wiedergabe bis zu den neuesten Daten aller Stationen.",
  kinds: {
    ok: "gut",
    late: "verspätet",
    duplicate: "doppelt",
    overlap: "überlappend",
    corrupt: "beschädigt",
    truncated: "abgeschnitten",
    clock: "mit falscher Uhr",
    unknown: "unbekannt",
  },
};
