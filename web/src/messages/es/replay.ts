/** Español: repetición de horas pasadas. */

import type { replay as English } from "../en/replay";

export const replay: typeof English = {
  nav: "Repetición",
  title: "Repetir una hora pasada",
  explanation:
    "Los registros del archivo pasan otra vez por todas las etapas, en un lugar propio: nada de " +
    "ello entra en el catálogo en vivo y no se envía ninguna alerta.",
  label: "REPETICIÓN",
  from: "Desde (UTC)",
  minutes: "Minutos",
  speed: "Velocidad",
  speeds: (times: number) => (times === 0 ? "lo más rápido posible" : `${times} veces`),
  stations: "Estaciones (patrones)",
  start: "Iniciar la repetición",
  wrongTime: "Escriba el tiempo como 2019-07-06 03:19.",
  list: "Repeticiones",
  none: "Ninguna repetición en curso.",
  states: { running: "en curso", paused: "en pausa", ended: "terminada", stopped: "detenida", failed: "fallida" },
  show: "Mostrar",
  row: (from: string, until: string) => `${from} – ${until}`,
  pause: "Pausar",
  resume: "Seguir",
  stop: "Detener",
  remove: "Quitar",
  reached: (time: string) => `en ${time}`,
  progress: "Avance de la repetición",
  found: (events: number, picks: number) => `${events} sismos y ${picks} lecturas hallados`,
  traces: "Registros de la repetición",
  tracesLabel: (trace: string, picks: number) =>
    `Último minuto de ${trace} en la repetición, ${picks} lecturas`,
  more: (count: number) => `otros ${count} canales se procesan sin dibujarse`,
  map: "Mapa de la repetición",
  events: "Sismos junto a los guardados antes",
  noEvents: "Ningún sismo aún, ni en la repetición ni guardado para este tiempo.",
  time: "Hora de origen (UTC)",
  magnitude: "Magnitud",
  depth: "Profundidad",
  against: "Repetición menos guardado",
  kinds: { both: "en ambos", replayed: "solo en la repetición", stored: "solo guardado" },
  difference: (time: string, distance: string) => `${time} s, a ${distance} km`,
  magnitudeDifference: (value: string) => `magnitud ${value}`,
  pauseKey: "Pausar o seguir",
};
