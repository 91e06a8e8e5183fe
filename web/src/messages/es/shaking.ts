/** Spanish: maps of shaking. */

import type { shaking as English } from "../en/shaking";

export const shaking: typeof English = {
  title: "Sacudida de un escenario",
  eventTitle: "Sacudida",
  explanation:
    "Con qué fuerza se sacudiría el suelo alrededor de un sismo posible: la mediana de lo que espera " +
    "un modelo, y cuánto se apartan de ella los registros individuales.",
  magnitude: "Magnitud",
  magnitudeSd: "± (desviación estándar)",
  longitude: "Longitud (°)",
  latitude: "Latitud (°)",
  depth: "Profundidad (km)",
  ask: "Trazar el mapa",
  measure: "Medida",
  none: (reason) => `No hay mapa de este sismo: ${reason}.`,
  contours: (unit) => `Líneas de igual mediana (${unit})`,
  frame: "aquí termina el mapa",
  edge: "discontinua: más allá el modelo extrapola",
  strongest: "Mediana más fuerte",
  spread: "Uno de cada tres registros queda fuera de un factor de",
  epistemic: "del cual por falta de conocimiento",
  model: (name) => `modelo: ${name}`,
  forMagnitude: (magnitude, draws) =>
    draws > 1 ? `para M ${magnitude}, sobre ${draws} fuentes posibles` : `para M ${magnitude}`,
  measures: { ln_pga: "PGA", ln_pgv: "PGV" },
  psa: (period) => `PSA a ${period} s`,
  fas: (frequency) => `Amplitud de Fourier a ${frequency} Hz`,
  label: "Mapa de la sacudida",
};
