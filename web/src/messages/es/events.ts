/** Spanish: lists of events. */

import type { events as English } from "../en/events";

export const events: typeof English = {
  title: "Sismos",
  latest: "Últimos sismos",
  none: "Aún no hay sismos.",
  noMatch: "Ningún sismo tiene esta calidad.",
  time: "Hora de origen (UTC)",
  magnitude: "Magnitud",
  depth: "Profundidad",
  place: "Epicentro",
  quality: "Calidad",
  /** The same words amid a line. */
  within: { depth: "profundidad", magnitude: "magnitud", quality: "calidad" },
  picks: "Lecturas",
  status: "Estado",
  version: "Versión",
  filter: "Calidad",
  all: "todas",
  orBetter: (grade) => (grade === "A" ? "solo A" : `${grade} o mejor`),
  preliminary: "preliminar",
  settled: "definitivo",
  reviewed: "revisado",
  rejected: "rechazado",
  cancelled: "retirado",
  synthetic: "sintético",
  noMagnitude: "ninguna",
  count: (count) => `${count} ${count === 1 ? "sismo" : "sismos"}`,
  /** Where the list does not hold all of them. */
  newestOf: (shown, count) => `Los ${shown} más recientes de ${count} sismos`,
  more: "Todos los sismos",
  arrived: (event) => `Nuevo sismo: ${event}`,
  ago: (span) => `hace ${span}`,
  agoTitle: "antes de ahora; en una reproducción, antes de los datos más recientes",
};
