/** Spanish: the map and its legend. */

import type { map as English } from "../en/map";

export const map: typeof English = {
  label: "Mapa de estaciones y epicentros",
  posteriorLabel: "Mapa de dónde puede estar este sismo",
  noWebGl: "Este navegador no dibuja WebGL, así que no hay mapa; las tablas contienen los mismos números.",
  colour: "Color de los sismos",
  byAge: "por antigüedad",
  byDepth: "por profundidad",
  ages: ["últimos 10 min", "última hora", "último día", "anteriores"],
  depths: ["0 km", "10 km", "30 km", "100 km", "300 km"],
  sizes: "tamaño según la magnitud, pequeño donde no la hay",
  stations: {
    current: "datos de hace < 30 s",
    late: "< 5 min",
    silent: "más antiguos",
    stored: "datos guardados",
    none: "sin datos",
  },
  regions: "Líneas: 50, 68 y 95 % de la distribución a posteriori",
  regionsOfNewest: "Líneas: 50, 68 y 95 % de la distribución a posteriori del sismo más reciente",
  samples: "Puntos: muestras de la distribución a posteriori",
  credit: "Mapa base: Natural Earth",
  controls: { marker: "Marca del mapa", zoomIn: "Acercar", zoomOut: "Alejar", close: "Cerrar" },
  fit: "Mostrar todo",
};
