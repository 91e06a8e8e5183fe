/** German: why a segment is classed as it is, and what is known of the place of an event. */

import type { relevance as English } from "../en/relevance";

export const relevance: typeof English = {
  context: "Umgebung",
  noneNear: (limit) => `Kein bewertetes Subduktionssegment liegt innerhalb von ${limit} km um das Epizentrum.`,
  title: "Was für und was gegen M 8.0 spricht",
  of: (name) => `Das Segment ${name}`,
  choose: "Warum? Segment",
  noChoice: "eines wählen, oder auf die Karte klicken",
  why: "Warum?",
  none: "Dieses Segment wurde nicht erklärt.",
  speaksFor: "für M 8.0 oder mehr",
  against: "dagegen",
  others: (count) => `${count} weitere Merkmale zusammen`,
  bias: "was kein Merkmal bekommt (Bias)",
  help: (count) =>
    `So ist es zu lesen: Ein Balken ist, was ein Merkmal zum Wert beiträgt, im Mittel von ${count} Netzen; sein ` +
    "Strich reicht über alle. Wo ein Strich die Null kreuzt, sind sie sich über die Seite nicht einig.",
  lean: (count, all) => `${count} von ${all} Netzen neigen zu M 8.0 oder mehr.`,
  agreement: (mean, low, high) =>
    `Je zwei ordnen die Merkmale ähnlich, mit einer Rangkorrelation von ${mean} (${low} bis ${high}; ` +
    "1 ist dieselbe Ordnung, 0 ist Zufall).",
  contrary: "Sie neigen zur anderen Seite als die Wahrscheinlichkeit, die von einem anderen Klassifikator ist.",
  limit: (own, place) =>
    "Das sind Gründe der Netze, nicht der Erde. Auf zurückgehaltenen Segmenten erreichen sie " +
    `einen Macro-F1 von ${own}; was nur den Ort kennt, erreicht bis zu ${place}.`,
  cautions: (count) => `Was das begrenzt (${count} Hinweise)`,
  pictureLabel: (name, first, score) =>
    `Relevanz der Merkmale bei ${name}; das größte: ${first}; Wert ${score}`,
  table: (count) => `Alle ${count} Merkmale als Tabelle`,
  feature: "Merkmal",
  value: "Wert hier",
  relevance: "Relevanz (Spanne)",
  share: "Anteil",
  sameSide: "Netze auf dieser Seite",
  faultTitle: "Nächste untersuchte Störung",
  noFault:
    "Seit die Seite offen ist, wurde keine Störung untersucht, und der Dienst bewahrt keine auf. Um eine zu " +
    "bekommen, senden Sie kartierte Spuren (GeoJSON) unter",
  faultNoPlace: (name) => `${name} liegt in einem örtlichen System, daher ist die Entfernung nicht bekannt.`,
  faultFar: (name, distance, limit) =>
    `${name} ist ${distance} km vom Epizentrum entfernt; jenseits von ${limit} km wird nichts dazu gesagt.`,
  fault: "Störung",
  faultDistance: "Vom Epizentrum",
  faultAlong: "Entlang der Störung",
  faultEfficiency: "Effizienz dort",
  faultMade: "Geschätzt",
  faultHelp:
    "Die gestrichelte Linie ist der nächste Punkt. Die Entfernung gilt an der Oberfläche, mit der Abweichung des " +
    "Epizentrums; Nähe sagt nicht, dass das Erdbeben auf dieser Störung liegt.",
  features: {
    AGE: "Alter des Meeresbodens",
    HEAT_FLOW: "Wärmestrom",
    SED_AVE: "Sediment, Dicke",
    SED_STD: "Sediment, wie ungleich",
    SED_GRD: "Sediment, Änderung entlang der Rinne",
    LITHOSPHERE_UP_AVE: "Lithosphäre der oberen Platte",
    LITHOSPHERE_DG_AVE: "Lithosphäre der unteren Platte",
    CRUST_UP_AVE: "Kruste der oberen Platte",
    CONVERGENCE: "Geschwindigkeit der Konvergenz",
    OBLIQUITY: "Schräge der Konvergenz",
    V_UP_NNR: "Bewegung der oberen Platte",
    V_DG_NNR: "Bewegung der unteren Platte",
    EGO_UP_AVE: "Geoid, Höhe",
    EGO_UP_STD: "Geoid, wie ungleich",
    FRE_UP_AVE: "Schwere, obere Platte",
    FRE_UP_STD: "Schwere, obere Platte, wie ungleich",
    FRE_DG_AVE: "Schwere, untere Platte",
    FRE_DG_STD: "Schwere, untere Platte, wie ungleich",
    EGO_L_UP_AVE: "Geoid, bis 100 km Tiefe",
    EGO_L_UP_STD: "Geoid, bis 100 km Tiefe, wie ungleich",
    EGO_SL_UP_AVE: "Geoid, 100–410 km Tiefe",
    EGO_SL_UP_STD: "Geoid, 100–410 km Tiefe, wie ungleich",
    EGO_UM_UP_AVE: "Geoid, 410–660 km Tiefe",
    EGO_UM_UP_STD: "Geoid, 410–660 km Tiefe, wie ungleich",
  },
};
