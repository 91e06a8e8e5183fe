/** Residuals by distance, cross sections, and the magnitude of each station. */

import type { ReactNode } from "react";

import type { EventDetail, EventSummary, Posterior } from "../api/types";
import { eventAddress } from "../ui/hooks";
import { messages } from "../messages";
import { sectionsOf, ticksOf, type Section } from "./plotting";
import { magnitudeText, nameOf } from "./words";

const text = messages.eventPage;
const [WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM] = [420, 240, 46, 10, 8, 36];

interface AxesProperties {
  label: string;
  isGroup?: boolean;
  x: [number, number];
  y: [number, number];
  xName: string;
  yName: string;
  height?: number;
  children: (xOf: (value: number) => number, yOf: (value: number) => number) => ReactNode;
}

/** Axes with their ticks and names, and what is drawn between them. */
function Axes({ label, isGroup = false, x, y, xName, yName, height = HEIGHT, children }: AxesProperties) {
  const xOf = (value: number) => LEFT + ((value - x[0]) / (x[1] - x[0])) * (WIDTH - LEFT - RIGHT);
  const yOf = (value: number) => TOP + ((value - y[0]) / (y[1] - y[0])) * (height - TOP - BOTTOM);
  const [low, high] = [Math.min(...y), Math.max(...y)];
  return (
    <svg className="plot" viewBox={`0 0 ${WIDTH} ${height}`} role={isGroup ? "group" : "img"} aria-label={label}>
      <g className="axis">
        {ticksOf(...x, 6).map((one) => (
          <g key={one}>
            <line x1={xOf(one)} x2={xOf(one)} y1={TOP} y2={height - BOTTOM + 3} />
            <text x={xOf(one)} y={height - BOTTOM + 15} textAnchor="middle">
              {one}
            </text>
          </g>
        ))}
        {ticksOf(low, high, 5).map((one) => (
          <g key={one}>
            <line x1={LEFT - 3} x2={WIDTH - RIGHT} y1={yOf(one)} y2={yOf(one)} />
            <text x={LEFT - 6} y={yOf(one)} textAnchor="end" dominantBaseline="middle">
              {one}
            </text>
          </g>
        ))}
        <text x={(LEFT + WIDTH - RIGHT) / 2} y={height - 5} textAnchor="middle">
          {xName}
        </text>
        <text transform={`translate(11 ${(TOP + height - BOTTOM) / 2}) rotate(-90)`} textAnchor="middle">
          {yName}
        </text>
      </g>
      {children(xOf, yOf)}
    </svg>
  );
}

/** P as a circle, S as a square: not by colour alone. */
function Mark({ phase, x, y, name }: { phase: string; x: number; y: number; name: string }) {
  return phase === "S" ? (
    <rect className="mark mark-S" x={x - 4} y={y - 4} width={8} height={8}>
      <title>{name}</title>
    </rect>
  ) : (
    <circle className="mark mark-P" cx={x} cy={y} r={4.5}>
      <title>{name}</title>
    </circle>
  );
}

export function ResidualPlot({ event }: { event: EventDetail }) {
  const { arrivals } = event;
  if (arrivals.length === 0) return null;
  const far = 1.05 * Math.max(1, ...arrivals.map((one) => one.distance_km));
  const most = 1.1 * Math.max(0.05, ...arrivals.map((one) => Math.abs(one.residual_s) + one.sigma_s));
  return (
    <section className="panel" aria-labelledby="residuals-title">
      <h3 id="residuals-title">{text.residuals}</h3>
      <Axes
        label={text.residualsLabel(arrivals.length)}
        x={[0, far]}
        y={[most, -most]}
        xName={text.distanceAxis}
        yName={text.residualAxis}
      >
        {(xOf, yOf) => (
          <>
            <line className="zero" x1={LEFT} x2={WIDTH - RIGHT} y1={yOf(0)} y2={yOf(0)} />
            {arrivals.map((one) => (
              <g key={`${one.network}.${one.station}.${one.location}.${one.phase}`}>
                <line
                  className={`error error-${one.phase}`}
                  x1={xOf(one.distance_km)}
                  x2={xOf(one.distance_km)}
                  y1={yOf(one.residual_s - one.sigma_s)}
                  y2={yOf(one.residual_s + one.sigma_s)}
                />
                <Mark
                  phase={one.phase}
                  x={xOf(one.distance_km)}
                  y={yOf(one.residual_s)}
                  name={`${one.phase} ${one.station}: ${one.residual_s.toFixed(2)} s`}
                />
              </g>
            ))}
          </>
        )}
      </Axes>
      <Key marks={[["P", "P"], ["S", "S"]]} />
    </section>
  );
}

function Key({ marks }: { marks: [shape: string, name: string][] }) {
  return (
    <p className="muted note key">
      {marks.map(([shape, name]) => (
        <span key={name}>
          <span className={`key-mark key-${shape}`} aria-hidden="true" /> {name}
        </span>
      ))}
    </p>
  );
}

interface SectionsProperties {
  event: EventDetail;
  posterior: Posterior | null;
  events: EventSummary[];
}

export function CrossSections({ event, posterior, events }: SectionsProperties) {
  const [across, along] = sectionsOf(event, posterior, events);
  return (
    <section className="panel" aria-labelledby="sections-title">
      <h3 id="sections-title">{text.sections}</h3>
      <div className="two">
        <CrossSection section={across} event={event} from={text.west} to={text.east} />
        <CrossSection section={along} event={event} from={text.south} to={text.north} />
      </div>
      <Key marks={[["draw", text.draw], ["neighbour", text.neighbour], ["hypocentre", text.hypocentre]]} />
    </section>
  );
}

interface SectionProperties {
  section: Section;
  event: EventDetail;
  from: string;
  to: string;
}

function CrossSection({ section, event, from, to }: SectionProperties) {
  const { half, top, draws, neighbours } = section;
  const size = WIDTH - LEFT - RIGHT + TOP + BOTTOM; // as deep as it is wide
  const reached = event.depth_km;
  return (
    <Axes
      label={text.sectionLabel(from, to, draws.length, neighbours.length)}
      isGroup={neighbours.length > 0}
      x={[-half, half]}
      y={[top, top + 2 * half]}
      xName={text.sectionAxis(from, to)}
      yName={text.depthAxis}
      height={size}
    >
      {(xOf, yOf) => (
        <>
          {top < 0 && <line className="zero" x1={LEFT} x2={WIDTH - RIGHT} y1={yOf(0)} y2={yOf(0)} />}
          {draws.map((one, index) => (
            <circle key={index} className="draw" cx={xOf(one.along)} cy={yOf(one.depth)} r={2} />
          ))}
          {neighbours.map((one) => (
            <a
              key={one.event.event_id}
              href={eventAddress(one.event.event_id)}
              aria-label={nameOf(one.event)}
            >
              <circle className="target" cx={xOf(one.along)} cy={yOf(one.depth)} r={12} />
              <circle className="neighbour" cx={xOf(one.along)} cy={yOf(one.depth)} r={5} />
            </a>
          ))}
          <path
            className="hypocentre"
            d={`M${xOf(0) - 7} ${yOf(reached)}h14M${xOf(0)} ${yOf(reached) - 7}v14`}
          />
        </>
      )}
    </Axes>
  );
}

export function MagnitudePlot({ event }: { event: EventDetail }) {
  const { magnitude, magnitude_sd: sd, magnitude_type: type } = event;
  const rows = event.station_magnitudes.filter(
    (one) => one.magnitude_type === type && one.hypocentral_distance_km !== null,
  );
  if (rows.length === 0 || magnitude === null) return null;
  const spread = sd ?? 0;
  const values = [...rows.map((one) => one.value), magnitude - spread, magnitude + spread];
  const [low, high] = [Math.min(...values) - 0.2, Math.max(...values) + 0.2];
  const far = 1.05 * Math.max(1, ...rows.map((one) => one.hypocentral_distance_km ?? 0));
  return (
    <section className="panel" aria-labelledby="magnitude-plot-title">
      <h3 id="magnitude-plot-title">{text.magnitudes}</h3>
      <Axes
        label={text.magnitudesLabel(rows.length, magnitudeText(event))}
        x={[0, far]}
        y={[high, low]}
        xName={text.hypocentralAxis}
        yName={`${text.magnitudeAxis} ${type}`}
      >
        {(xOf, yOf) => (
          <>
            <rect
              className="band"
              x={LEFT}
              width={WIDTH - LEFT - RIGHT}
              y={yOf(magnitude + spread)}
              height={Math.max(1, yOf(magnitude - spread) - yOf(magnitude + spread))}
            />
            <line className="network" x1={LEFT} x2={WIDTH - RIGHT} y1={yOf(magnitude)} y2={yOf(magnitude)} />
            {rows.map((one) => (
              <Mark
                key={one.station_code}
                phase={one.is_outlier ? "S" : "P"}
                x={xOf(one.hypocentral_distance_km ?? 0)}
                y={yOf(one.value)}
                name={`${one.station_code}: ${one.value.toFixed(2)}`}
              />
            ))}
          </>
        )}
      </Axes>
      <Key marks={[["network", text.network], ["P", text.stationOne], ["S", text.outlierOne]]} />
    </section>
  );
}
