/** Spanish: the stations. */

import type { stations as English } from "../en/stations";

export const stations: typeof English = {
  title: "Estaciones",
  none: "Ninguna estación ha enviado datos todavía.",
  trace: "Instrumento",
  channels: "Canales",
  state: "Estado",
  rate: "Muestreo",
  last: "Última muestra (UTC)",
  age: "Antigüedad",
  latency: "Latencia al llegar",
  gaps: "Huecos",
  gapsValue: (count, length, channels) =>
    count === 0 ? "0" : `${count}, ${length} ${channels > 1 ? "(suma de sus canales)" : "en total"}`,
  packets: "Paquetes",
  states: {
    current: "al día",
    late: "con retraso",
    silent: "en silencio",
    stored: "guardados",
    none: "sin datos",
  },
  ageNote:
    "La antigüedad se cuenta hasta ahora; en una reproducción, hasta los datos más recientes de todas las estaciones.",
  kinds: {
    ok: "buenos",
    late: "tardíos",
    duplicate: "duplicados",
    overlap: "solapados",
    corrupt: "dañados",
    truncated: "truncados",
    clock: "con reloj erróneo",
    unknown: "desconocidos",
  },
};
