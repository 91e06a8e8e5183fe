/** Findings in the reader's language. */

import { span } from "../format";
import { messages } from "../messages";
import type { Finding } from "./diagnosis";

const text = messages.stations.diagnoses;

export const percent = (share: number): string => {
  const value = 100 * share;
  return `${value > 0 && value < 10 ? value.toFixed(1) : value.toFixed(value > 99 && value < 100 ? 1 : 0)} %`;
};

export function sentenceOf(finding: Finding): string {
  switch (finding.kind) {
    case "good":
    case "stored":
    case "never":
      return text[finding.kind];
    case "noData":
    case "late":
    case "latency":
    case "ahead":
    case "begun":
      return text[finding.kind](span(finding.seconds));
    case "clockPackets":
    case "corrupt":
      return text[finding.kind](finding.count);
    case "clockQuality":
    case "hour":
      return text[finding.kind](percent(finding.share));
    case "gaps":
      return text.gaps(finding.count, span(finding.seconds));
  }
}
