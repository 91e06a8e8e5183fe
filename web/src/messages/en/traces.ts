/** English: the live traces. */

export const traces = {
  title: "Traces",
  window: "Window",
  minutes: (count: number) => `${count} min`,
  pause: "Pause",
  resume: "Resume",
  paused: "Paused",
  pauseKey: "Hold the traces, or let them run",
  show: "Show",
  vertical: "vertical of each station",
  all: "all channels",
  find: "Find",
  findExample: "e.g. UH3",
  count: (shown: number, all: number) => `${shown} of ${all} channels`,
  noTraces: "No records have arrived yet.",
  noMatch: "No channel matches.",
  stored: "Nothing is live here: these are the stored records of an earlier run.",
  storedEvents: "See its events",
  legendP: "P probability and picks",
  legendS: "S probability and picks",
  legendBand: "Bar around a pick: ± one standard deviation of its time. Right scale: probability.",
  amplitude: (value: string) => `± ${value} counts`,
  behind: (span: string) => `${span} behind`,
  rowLabel: (trace: string, picks: number) =>
    `${trace}: record with P and S probability, ${picks} ${picks === 1 ? "pick" : "picks"} in view`,
  timeAxis: "Time (UTC)",
};
