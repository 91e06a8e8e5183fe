/** German: subduction segments. */

import type { segment as English } from "../en/segment";

export const segment: typeof English = {
  layer: "Segmente der Subduktionszonen",
  probability: "Wahrscheinlichkeit, dass das größte Erdbeben eines Segments M 8.0 erreicht",
  opacity: "blasser: dem weniger ähnlich, woraus das Modell gelernt hat",
  noneShipped: "Diese Installation enthält keine bewerteten Segmente.",
  title: "Nächstes Subduktionssegment",
  name: "Segmentname",
  away: (name, distance) => `${name}, ${distance} km vom Epizentrum`,
  chance: "Wahrscheinlichkeit von M 8.0",
  notRuledOut: "Nicht ausgeschlossene Klassen",
  classes: ["unter M 8.0", "M 8.0 oder mehr"],
  or: " oder ",
  applicability: "Anwendbarkeit",
  notApplicable:
    "dieses Segment gleicht nicht dem, woraus das Modell gelernt hat; schließen Sie nichts aus seiner Wahrscheinlichkeit",
  seen: "Größte beobachtete Magnitude",
  noneSeen: "keine beobachtet",
  summary: (name, probability, classes, isApplicable) =>
    `${name}: Wahrscheinlichkeit ${probability}, dass sein größtes Erdbeben M 8.0 erreicht; nicht ` +
    `ausgeschlossen: ${classes}. Eine Einstufung des Potenzials, keine Prognose.` +
    (isApplicable ? "" : " Das Segment gleicht nicht dem, woraus das Modell gelernt hat."),
};
