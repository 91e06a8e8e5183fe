/** Spanish: why a segment is classed as it is, and what is known of the place of an event. */

import type { relevance as English } from "../en/relevance";

export const relevance: typeof English = {
  context: "Contexto",
  noneNear: (limit) => `Ningún segmento evaluado de subducción está a menos de ${limit} km del epicentro.`,
  title: "Qué habla a favor y en contra de M 8.0",
  of: (name) => `Segmento ${name}`,
  choose: "¿Por qué? Segmento",
  noChoice: "elija uno, o haga clic en el mapa",
  why: "¿Por qué?",
  none: "Este segmento no se explicó.",
  speaksFor: "a favor de M 8.0 o más",
  against: "en contra",
  others: (count) => `otras ${count} características juntas`,
  bias: "lo que no recibe ninguna (sesgos)",
  help: (count) =>
    `Cómo leerlo: una barra es lo que una característica añade a la puntuación, media de ${count} redes; su ` +
    "bigote las abarca todas. Donde un bigote cruza el cero, no coinciden en el lado.",
  lean: (count, all) => `${count} de ${all} redes se inclinan por M 8.0 o más.`,
  agreement: (mean, low, high) =>
    `Dos de ellas ordenan las características de modo parecido, con una correlación de rangos de ${mean} ` +
    `(${low} a ${high}; 1 es el mismo orden, 0 es el azar).`,
  contrary: "Se inclinan al lado contrario que la probabilidad, que es de otro clasificador.",
  limit: (own, place) =>
    "Son razones de las redes, no de la Tierra. En segmentos apartados logran un " +
    `macro-F1 de ${own}; lo que solo conoce el lugar llega a ${place}.`,
  cautions: (count) => `Qué limita esto (${count} notas)`,
  pictureLabel: (name, first, score) =>
    `Relevancia de las características en ${name}; la mayor: ${first}; puntuación ${score}`,
  table: (count) => `Las ${count} características en una tabla`,
  feature: "Característica",
  value: "Valor aquí",
  relevance: "Relevancia (rango)",
  share: "Parte",
  sameSide: "Redes en este lado",
  faultTitle: "Falla analizada más cercana",
  noFault:
    "No se ha analizado ninguna falla desde que se abrió la página, y el servicio no guarda ninguna. Para tener " +
    "una, envíe trazas cartografiadas (GeoJSON) en",
  faultNoPlace: (name) => `${name} está en un sistema local, así que no se conoce su distancia.`,
  faultFar: (name, distance, limit) =>
    `${name} está a ${distance} km del epicentro; más allá de ${limit} km no se dice nada de ella.`,
  fault: "Falla",
  faultDistance: "Desde el epicentro",
  faultAlong: "A lo largo de la falla",
  faultEfficiency: "Eficiencia allí",
  faultMade: "Estimada",
  faultHelp:
    "La línea discontinua es el punto más cercano. La distancia es en superficie, con la desviación del epicentro; " +
    "la cercanía no dice que el sismo esté en esta falla.",
  features: {
    AGE: "Edad del fondo oceánico",
    HEAT_FLOW: "Flujo de calor",
    SED_AVE: "Sedimento, espesor",
    SED_STD: "Sedimento, irregularidad",
    SED_GRD: "Sedimento, cambio a lo largo de la fosa",
    LITHOSPHERE_UP_AVE: "Litosfera de la placa superior",
    LITHOSPHERE_DG_AVE: "Litosfera de la placa inferior",
    CRUST_UP_AVE: "Corteza de la placa superior",
    CONVERGENCE: "Velocidad de convergencia",
    OBLIQUITY: "Oblicuidad de la convergencia",
    V_UP_NNR: "Movimiento de la placa superior",
    V_DG_NNR: "Movimiento de la placa inferior",
    EGO_UP_AVE: "Geoide, altura",
    EGO_UP_STD: "Geoide, irregularidad",
    FRE_UP_AVE: "Gravedad, placa superior",
    FRE_UP_STD: "Gravedad, placa superior, irregularidad",
    FRE_DG_AVE: "Gravedad, placa inferior",
    FRE_DG_STD: "Gravedad, placa inferior, irregularidad",
    EGO_L_UP_AVE: "Geoide, hasta 100 km",
    EGO_L_UP_STD: "Geoide, hasta 100 km, irregularidad",
    EGO_SL_UP_AVE: "Geoide, 100–410 km de profundidad",
    EGO_SL_UP_STD: "Geoide, 100–410 km, irregularidad",
    EGO_UM_UP_AVE: "Geoide, 410–660 km de profundidad",
    EGO_UM_UP_STD: "Geoide, 410–660 km, irregularidad",
  },
};
