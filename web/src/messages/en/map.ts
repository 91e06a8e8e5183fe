/** English: the map and its legend. */

export const map = {
  label: "Map of stations and epicentres",
  posteriorLabel: "Map of where this event may lie",
  noWebGl: "This browser draws no WebGL, so there is no map; the tables hold the same numbers.",
  colour: "Colour of events",
  byAge: "by age",
  byDepth: "by depth",
  ages: ["last 10 min", "last hour", "last day", "older"],
  depths: ["0 km", "10 km", "30 km", "100 km", "300 km"],
  sizes: "size by magnitude, small where there is none",
  stations: { current: "data < 30 s old", late: "< 5 min", silent: "older", stored: "stored data", none: "no data" },
  regions: "Lines: 50, 68 and 95 % of the posterior",
  regionsOfNewest: "Lines: 50, 68 and 95 % of the newest event's posterior",
  samples: "Dots: draws from the posterior",
  credit: "Base map: Natural Earth",
  controls: { marker: "Map marker", zoomIn: "Zoom in", zoomOut: "Zoom out", close: "Close" },
  fit: "Show all",
};
