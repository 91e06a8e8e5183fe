/** Spanish: efficiency of faults. */

import type { faults as English } from "../en/faults";

export const faults: typeof English = {
  title: "Eficiencia de una falla",
  explanation:
    "Qué parte del desplazamiento a través de una zona de falla se desliza por las fallas " +
    "cartografiadas, estimada a partir de la forma de sus trazas; el resto deforma el terreno entre ellas.",
  file: "Trazas (GeoJSON)",
  pixel: "Píxel (m)",
  ask: "Estimar",
  noGeoJson: (name) => `${name} no es GeoJSON; envíe las trazas como LineStrings.`,
  efficiency: "eficiencia cinemática",
  along: "distancia a lo largo de la falla (km)",
  band: "nueve de cada diez",
  model: (name) => `modelo: ${name}`,
  noPlace: "Estas trazas están en un sistema local, así que el mapa no puede mostrarlas.",
  window: (ke, low, high) => `${ke}, nueve de cada diez entre ${low} y ${high}`,
  table: "Como tabla",
  chartLabel: (count, lowest, highest) =>
    `Eficiencia de ${count} ventanas a lo largo de la falla, de ${lowest} a ${highest}, con bandas`,
};
