/** Spanish: what a flag means to a reader. */

import type { flags as English } from "../en/flags";

export const flags: typeof English = {
  single_station:
    "Solo una estación lo registró: S menos P, donde están ambas, da la distancia, y el movimiento " +
    "de partícula de P una dirección aproximada. Lea la región, no el punto.",
  distance_from_prior:
    "Hay muy pocas lecturas para una distancia: esta y la hora de origen vienen de dónde hubo sismos antes.",
  distance_unconstrained: "No hay S ni información previa: solo se conoce la dirección.",
  duplicate_picks:
    "Una fase se leyó más de una vez en una estación; se usó la lectura más probable.",
  s_before_p: "S llega antes que P en una estación; una de las dos es errónea.",
  few_effective_draws:
    "El muestreador encontró muy pocas muestras independientes; no se fíe de las regiones.",
  sampler_not_finished: "El muestreador se detuvo antes de tiempo; no use esta localización.",
  multimodal: "Las lecturas admiten varios lugares separados; la región tiene varias partes.",
  mode_reported:
    "La media de la distribución a posteriori cae donde el sismo apenas puede estar, así que se da " +
    "el lugar más probable en su lugar.",
  depth_unconstrained:
    "Las lecturas apenas limitan la profundidad; la indicada es el centro de un intervalo amplio.",
  at_grid_edge:
    "La distribución a posteriori llega al borde del volumen explorado; el lugar verdadero puede estar más allá.",
  few_picks: "La localización usa pocas lecturas; una sola errónea la movería lejos.",
  model_error_not_included:
    "El modelo de velocidad se tomó como exacto; la incertidumbre verdadera es mayor que la indicada.",
  outside_network:
    "El epicentro está fuera de la red (brecha azimutal superior a 180°), así que su distancia a ella " +
    "se compensa con la hora de origen y la profundidad.",
  large_azimuthal_gap:
    "Todas las estaciones están en un cuarto del horizonte visto desde el epicentro.",
  poor_fit:
    "Los residuos son mayores de lo que explican las incertidumbres de las lecturas: una lectura puede " +
    "ser errónea, o el modelo de velocidad no encaja.",
  weak_picks: "Las propias lecturas son inciertas; partes de este sismo pueden ser ruido.",
};
