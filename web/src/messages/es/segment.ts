/** Spanish: subduction segments. */

import type { segment as English } from "../en/segment";

export const segment: typeof English = {
  layer: "Segmentos de la interfaz de subducción",
  probability: "probabilidad de que el sismo máximo de un segmento alcance M 8.0",
  opacity: "más tenue: menos parecido a aquello de lo que aprendió el modelo",
  noneShipped: "Esta instalación no trae segmentos evaluados.",
  title: "Segmento de subducción más cercano",
  name: "Segmento",
  away: (name, distance) => `${name}, a ${distance} km del epicentro`,
  chance: "Probabilidad de M 8.0",
  notRuledOut: "Clases no descartadas",
  classes: ["por debajo de M 8.0", "M 8.0 o más"],
  or: " o ",
  applicability: "Aplicabilidad",
  notApplicable:
    "este segmento no se parece a aquello de lo que aprendió el modelo; no saque conclusiones de su probabilidad",
  seen: "Mayor magnitud observada",
  noneSeen: "ninguna observada",
  summary: (name, probability, classes, isApplicable) =>
    `${name}: probabilidad ${probability} de que su sismo máximo alcance M 8.0; no descartado: ` +
    `${classes}. Una clasificación de potencial, no un pronóstico.` +
    (isApplicable ? "" : " El segmento no se parece a aquello de lo que aprendió el modelo."),
};
