/** Efficiency along a fault, with the band that holds nine of ten. */

import type { FaultProfile } from "../api/types";
import { ticks } from "../events/DepthHistogram";
import { DARK, LIGHT } from "../map/palette";
import { messages } from "../messages";
import { useIsDark } from "../ui/hooks";
import { edges, efficiencyColour } from "./content";

const text = messages.faults;
const [WIDTH, HEIGHT, LEFT, TOP, BOTTOM] = [640, 260, 46, 8, 40];
const COLUMNS = 64; // of a window
const LEVELS = [0, 0.2, 0.4, 0.6, 0.8, 1];

interface Properties {
  profile: FaultProfile;
  /** A place along the fault that is marked. */
  markKm?: number;
}

export function EfficiencyChart({ profile, markKm }: Properties) {
  const colours = (useIsDark() ? DARK : LIGHT).efficiency;
  const limits = edges(profile.windows, (COLUMNS * profile.pixel_m) / 2000);
  const [first, last] = [limits[0]!, limits.at(-1)!];
  const x = (km: number) => LEFT + ((km - first) / (last - first)) * (WIDTH - LEFT - 8);
  const y = (ke: number) => TOP + (1 - Math.min(1, ke)) * (HEIGHT - TOP - BOTTOM);
  const kes = profile.windows.map((one) => one.ke);
  const [lowest, highest] = [Math.min(...kes).toFixed(2), Math.max(...kes).toFixed(2)];
  return (
    <svg
      className="efficiency"
      viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
      role="img"
      aria-label={text.chartLabel(profile.windows.length, lowest, highest)}
    >
      {profile.windows.map((one, index) => (
        <rect
          key={one.index}
          className="band"
          x={x(limits[index]!)}
          width={x(limits[index + 1]!) - x(limits[index]!)}
          y={y(one.hi90)}
          height={y(one.lo90) - y(one.hi90)}
        />
      ))}
      {LEVELS.map((level) => (
        <g key={level}>
          <line x1={LEFT} x2={WIDTH - 8} y1={y(level)} y2={y(level)} />
          <text x={LEFT - 7} y={y(level)} textAnchor="end" dominantBaseline="middle">
            {level.toFixed(1)}
          </text>
        </g>
      ))}
      {ticks(first, last, 10).map((km) => (
        <text key={km} x={x(km)} y={HEIGHT - BOTTOM + 16} textAnchor="middle">
          {km}
        </text>
      ))}
      <polyline points={profile.windows.map((one) => `${x(one.distance_along_km)},${y(one.ke)}`).join(" ")} />
      {profile.windows.map((one) => (
        <circle
          key={one.index}
          cx={x(one.distance_along_km)}
          cy={y(one.ke)}
          r="5"
          fill={efficiencyColour(one.ke, colours)}
        >
          <title>{text.window(one.ke.toFixed(2), one.lo90.toFixed(2), one.hi90.toFixed(2))}</title>
        </circle>
      ))}
      {markKm !== undefined && (
        <line className="here" x1={x(markKm)} x2={x(markKm)} y1={TOP} y2={HEIGHT - BOTTOM} />
      )}
      <text transform={`translate(12 ${(HEIGHT - BOTTOM) / 2}) rotate(-90)`} textAnchor="middle">
        {text.efficiency}
      </text>
      <text x={(WIDTH + LEFT) / 2} y={HEIGHT - 6} textAnchor="middle">
        {text.along}
      </text>
    </svg>
  );
}
