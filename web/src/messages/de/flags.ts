/** German: what a flag means to a reader. */

import type { flags as English } from "../en/flags";

export const flags: typeof English = {
  single_station:
    "Nur eine Station hat es aufgezeichnet: S minus P ergibt, wo beide da sind, die Entfernung, und " +
    "die Partikelbewegung von P eine grobe Richtung. Lesen Sie den Bereich, nicht den Punkt.",
  distance_from_prior:
    "Für eine Entfernung gibt es zu wenige Einsätze: Sie und die Herdzeit folgen daraus, wo früher Erdbeben waren.",
  distance_unconstrained: "Es gibt weder S noch Vorwissen: Nur die Richtung ist bekannt.",
  duplicate_picks:
    "Eine Phase wurde an einer Station mehrmals erkannt; der wahrscheinlichste Einsatz wurde verwendet.",
  s_before_p: "An einer Station kommt S vor P; einer der Einsätze ist falsch.",
  few_effective_draws:
    "Das Stichprobenverfahren fand zu wenige unabhängige Ziehungen; verlassen Sie sich nicht auf die Bereiche.",
  sampler_not_finished:
    "Das Stichprobenverfahren endete vorzeitig; verwenden Sie diese Lokalisierung nicht.",
  multimodal: "Die Einsätze lassen mehrere getrennte Orte zu; der Bereich hat mehrere Teile.",
  mode_reported:
    "Der Mittelwert der A-posteriori-Verteilung liegt, wo das Erdbeben kaum sein kann; deshalb ist der " +
    "wahrscheinlichste Ort angegeben.",
  depth_unconstrained:
    "Die Einsätze bestimmen die Tiefe kaum; die angegebene Tiefe ist die Mitte einer weiten Spanne.",
  at_grid_edge:
    "Die A-posteriori-Verteilung reicht bis an den Rand des abgesuchten Volumens; der wahre Ort kann " +
    "jenseits davon liegen.",
  few_picks:
    "Nur wenige Einsätze gingen in die Lokalisierung ein; ein falscher würde sie weit verschieben.",
  model_error_not_included:
    "Das Geschwindigkeitsmodell wurde als genau angenommen; die wahre Unsicherheit ist größer als angegeben.",
  outside_network:
    "Das Epizentrum liegt außerhalb des Netzes (azimutale Lücke über 180°); daher lassen sich die " +
    "Entfernung von ihm, die Herdzeit und die Tiefe gegeneinander tauschen.",
  large_azimuthal_gap:
    "Alle Stationen liegen vom Epizentrum aus gesehen in einem Viertel des Horizonts.",
  poor_fit:
    "Die Residuen sind größer, als die Unsicherheiten der Einsätze erklären: Ein Einsatz kann falsch " +
    "sein, oder das Geschwindigkeitsmodell passt nicht.",
  weak_picks: "Die Einsätze selbst sind unsicher; Teile dieses Erdbebens können Rauschen sein.",
};
