/** German: the map and its legend. */

import type { map as English } from "../en/map";

export const map: typeof English = {
  label: "Karte der Stationen und Epizentren",
  posteriorLabel: "Karte, wo dieses Erdbeben liegen kann",
  noWebGl: "Dieser Browser zeichnet kein WebGL, daher gibt es keine Karte; die Tabellen enthalten dieselben Zahlen.",
  colour: "Farbe der Erdbeben",
  byAge: "nach Alter",
  byDepth: "nach Tiefe",
  ages: ["letzte 10 min", "letzte Stunde", "letzter Tag", "älter"],
  depths: ["0 km", "10 km", "30 km", "100 km", "300 km"],
  sizes: "Größe nach Magnitude, klein, wo keine bekannt ist",
  stations: {
    current: "Daten < 30 s alt",
    late: "< 5 min",
    silent: "älter",
    stored: "gespeicherte Daten",
    none: "keine Daten",
  },
  regions: "Linien: 50, 68 und 95 % der A-posteriori-Verteilung",
  regionsOfNewest: "Linien: 50, 68 und 95 % der A-posteriori-Verteilung des neuesten Erdbebens",
  samples: "Punkte: Ziehungen aus der A-posteriori-Verteilung",
  credit: "Grundkarte: Natural Earth",
  controls: { marker: "Marke auf der Karte", zoomIn: "Vergrößern", zoomOut: "Verkleinern", close: "Schließen" },
  fit: "Alles zeigen",
};
