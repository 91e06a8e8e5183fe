/** Which channels are shown, and how their ids relate. */

/** Curves stand beside the channels under `NET.STA.LOC.CH_P` and `_S`. */
export const isCurve = (traceId: string): boolean => /_[PS]$/.test(traceId);

export const curveOf = (traceId: string, phase: "P" | "S"): string =>
  `${traceId.slice(0, -1)}_${phase}`;

export const stationOf = (traceId: string): string => traceId.split(".").slice(0, 2).join(".");

/** Return the channels to show: the vertical of each instrument, or all; found by text. */
export function chooseChannels(traces: string[], showAll: boolean, find: string): string[] {
  const wanted = find.trim().toUpperCase();
  const channels = traces.filter((id) => !isCurve(id) && id.toUpperCase().includes(wanted));
  if (showAll) return channels;
  const verticals = channels.filter((id) => id.endsWith("Z"));
  const covered = new Set(verticals.map(stationOf));
  // a station without a vertical shows its first channel
  const others = channels.filter((id) => {
    const isFirst = !covered.has(stationOf(id));
    covered.add(stationOf(id));
    return isFirst;
  });
  return [...verticals, ...others].sort();
}

/** Return what must be subscribed to so that these channels can be drawn. */
export function withCurves(channels: string[], known: string[]): string[] {
  const all = new Set(known);
  const wanted = channels.flatMap((id) => [id, curveOf(id, "P"), curveOf(id, "S")]);
  return [...new Set(wanted)].filter((id) => all.has(id));
}
