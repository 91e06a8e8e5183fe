/** In a sentence or two: how the data of this station are. */

import { useLive } from "../live/liveStore";
import { messages } from "../messages";
import { diagnosisOf, worstOf } from "../stations/diagnosis";
import { sentenceOf } from "../stations/sentences";
import { useQuality } from "../stations/useQuality";

const EVERY_MS = 15_000;

export function StationHealthNote({ code }: { code: string }) {
  const isStored = useLive("service")?.is_stored ?? false;
  const { data } = useQuality(EVERY_MS);
  const ours = data?.instruments.filter((one) => one.trace_id.startsWith(`${code}.`)) ?? [];
  if (ours.length === 0) return null;
  const { level, findings } = worstOf(ours.map((one) => diagnosisOf(one, isStored)));
  return (
    <p className={`station-health level-${level}`}>
      <span className="aloud">{messages.stations.diagnosis}: </span>
      {findings.map(sentenceOf).join(" ")}
    </p>
  );
}
