/** Spanish: the table of picks. */

import type { picks as English } from "../en/picks";

export const picks: typeof English = {
  title: "Últimas lecturas",
  none: "Aún no hay lecturas.",
  time: "Tiempo (UTC)",
  station: "Estación",
  phase: "Fase",
  probability: "Probabilidad",
  status: "Estado",
  model: "Detector",
};
