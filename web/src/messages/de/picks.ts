/** German: the table of picks. */

import type { picks as English } from "../en/picks";

export const picks: typeof English = {
  title: "Neueste Einsätze",
  none: "Noch keine Einsätze.",
  time: "Zeit (UTC)",
  station: "Station",
  phase: "Phase",
  probability: "Wahrscheinlichkeit",
  status: "Status",
  model: "Einsatzerkennung",
};
