/** Spanish: the live traces. */

import type { traces as English } from "../en/traces";

export const traces: typeof English = {
  title: "Trazas",
  window: "Ventana",
  minutes: (count) => `${count} min`,
  pause: "Pausar",
  resume: "Continuar",
  paused: "En pausa",
  pauseKey: "Detener las trazas o dejarlas correr",
  show: "Mostrar",
  vertical: "la vertical de cada estación",
  all: "todos los canales",
  find: "Buscar",
  findExample: "p. ej. UH3",
  count: (shown, all) => `${shown} de ${all} canales`,
  noTraces: "Aún no ha llegado ningún registro.",
  noMatch: "Ningún canal coincide.",
  stored: "Aquí no hay nada en directo: son los registros guardados de una ejecución anterior.",
  storedEvents: "Ver sus sismos",
  legendP: "Probabilidad y lecturas de P",
  legendS: "Probabilidad y lecturas de S",
  legendBand:
    "Barra alrededor de una lectura: ± una desviación estándar de su tiempo. Escala derecha: probabilidad.",
  amplitude: (value) => `± ${value} cuentas`,
  behind: (span) => `${span} de retraso`,
  rowLabel: (trace, picks) =>
    `${trace}: registro con la probabilidad de P y S, ${picks} ${picks === 1 ? "lectura" : "lecturas"} a la vista`,
  timeAxis: "Tiempo (UTC)",
};
