/** English: the table of picks. */

export const picks = {
  title: "Latest picks",
  none: "No picks yet.",
  time: "Time (UTC)",
  station: "Station",
  phase: "Phase",
  probability: "Probability",
  status: "Status",
  model: "Picker",
};
