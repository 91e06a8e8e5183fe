/** How the draws from the posterior spread in depth. */

import type { Posterior } from "../api/types";
import { messages } from "../messages";
import { Failed } from "../told/Words";

const text = messages.detail;
const N_BINS = 24;
const [WIDTH, HEIGHT, LEFT, BOTTOM] = [320, 260, 46, 24];

/** Return the depth below which a share of the draws lies; depths in rising order. */
function quantile(depths: number[], share: number): number {
  return depths[Math.min(depths.length - 1, Math.floor(share * depths.length))]!;
}

export function histogram(depths: number[], nBins: number): { low: number; step: number; shares: number[] } {
  const low = Math.min(...depths);
  const step = (Math.max(...depths) - low) / nBins || 0.1;
  const shares = new Array<number>(nBins).fill(0);
  for (const depth of depths) {
    const bin = Math.min(nBins - 1, Math.floor((depth - low) / step));
    shares[bin]! += 1 / depths.length;
  }
  return { low, step, shares };
}

interface Properties {
  /** Null until it is read. */
  posterior: Posterior | null;
  problem: string | null;
}

export function Depths({ posterior, problem }: Properties) {
  const depths = posterior?.samples?.depth_km ?? [];
  return (
    <section className="panel" aria-labelledby="depth-title">
      <h3 id="depth-title">{text.depthHistogram}</h3>
      {problem !== null ? (
        <Failed problem={problem} />
      ) : depths.length > 0 ? (
        <DepthHistogram depths={depths} />
      ) : (
        <p className="empty">{posterior === null ? messages.loading : text.noPosterior}</p>
      )}
    </section>
  );
}

function DepthHistogram({ depths }: { depths: number[] }) {
  const sorted = [...depths].sort((a, b) => a - b);
  const [from, to] = [quantile(sorted, 0.025).toFixed(1), quantile(sorted, 0.975).toFixed(1)];
  const { low, step, shares } = histogram(depths, N_BINS);
  const most = Math.max(...shares);
  const high = low + step * N_BINS;
  const at = (depth: number) => ((depth - low) / (high - low)) * (HEIGHT - BOTTOM);
  return (
    <figure>
      <svg
        className="histogram"
        viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
        role="img"
        aria-label={text.depthHistogramLabel(from, to)}
      >
        {shares.map((share, index) => (
          <rect
            key={index}
            x={LEFT}
            y={at(low + index * step) + 0.5}
            width={(share / most) * (WIDTH - LEFT - 8)}
            height={(HEIGHT - BOTTOM) / N_BINS - 1}
          />
        ))}
        <line x1={LEFT} x2={LEFT} y1="0" y2={HEIGHT - BOTTOM} />
        {ticks(low, high).map((depth) => (
          <g key={depth}>
            <line x1={LEFT - 4} x2={LEFT} y1={at(depth)} y2={at(depth)} />
            <text x={LEFT - 7} y={at(depth)} textAnchor="end" dominantBaseline="middle">
              {depth}
            </text>
          </g>
        ))}
        <text transform={`translate(11 ${(HEIGHT - BOTTOM) / 2}) rotate(-90)`} textAnchor="middle">
          {text.depthAxis}
        </text>
        <text x={(WIDTH + LEFT) / 2} y={HEIGHT - 6} textAnchor="middle">
          {text.shareAxis}
        </text>
      </svg>
      <figcaption>{text.depthRange(from, to)}</figcaption>
    </figure>
  );
}

/** Return round numbers inside a range, about as many as are wanted. */
export function ticks(low: number, high: number, wanted = 4): number[] {
  const rough = (high - low) / wanted;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((one) => one * power).find((one) => one >= rough) ?? rough;
  const first = Math.ceil(low / step);
  const count = Math.floor(high / step) - first + 1;
  return Array.from({ length: count }, (_, index) => Number(((first + index) * step).toPrecision(6)));
}
