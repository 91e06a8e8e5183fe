/** English: the stations. */

export const stations = {
  title: "Stations",
  none: "No station has sent data yet.",
  trace: "Instrument",
  channels: "Channels",
  state: "State",
  rate: "Rate",
  last: "Last sample (UTC)",
  age: "Age",
  latency: "Latency on arrival",
  gaps: "Gaps",
  gapsValue: (count: number, length: string, channels: number) =>
    count === 0 ? "0" : `${count}, ${length} ${channels > 1 ? "(sum of its channels)" : "in all"}`,
  packets: "Packets",
  states: { current: "current", late: "late", silent: "silent", stored: "stored", none: "no data" },
  ageNote: "Age counts to now; of a replay, to the newest data of all stations.",
  kinds: {
    ok: "good",
    late: "late",
    duplicate: "duplicate",
    overlap: "overlapping",
    corrupt: "corrupt",
    truncated: "truncated",
    clock: "wrong clock",
    unknown: "unknown",
  },
};
