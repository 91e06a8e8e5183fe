/** One layer of the map: its switch, and below it what it shows while it is on. */

import { createContext, useContext, useEffect, useId, useState, type ReactNode } from "react";

import { messages } from "../messages";
import { NOTHING } from "./content";

export type Draw = (name: string, data: GeoJSON.FeatureCollection) => void;

/** Moves the map so that something is seen whole. */
export const Fit = createContext<(data: GeoJSON.FeatureCollection) => void>(() => undefined);

interface Properties {
  label: string;
  isFirstOn?: boolean;
  children: ReactNode;
}

export function LayerSwitch({ label, isFirstOn = false, children }: Properties) {
  const [isOn, setOn] = useState(isFirstOn);
  const name = useId();
  return (
    <div className="map-layer" role="group" aria-labelledby={name}>
      <label id={name}>
        <input type="checkbox" checked={isOn} onChange={(event) => setOn(event.target.checked)} /> {label}
      </label>
      {isOn && <div className="map-layer-told">{children}</div>}
    </div>
  );
}

/** Draw a source while a component is shown, and nothing of it after that. */
export function useDrawn(draw: Draw, name: string, data: GeoJSON.FeatureCollection): void {
  useEffect(() => draw(name, data), [draw, name, data]);
  useEffect(() => () => draw(name, NOTHING), [draw, name]);
}

/** Colours from low to high with their ends. */
export function Ramp({ low, high, colours }: { low: string; high: string; colours: readonly string[] }) {
  return (
    <span className="key">
      {low}{" "}
      <span className="ramp" style={{ background: `linear-gradient(to right, ${colours.join(", ")})` }} />{" "}
      {high}
    </span>
  );
}

/** Move the map to a layer. */
export function FitButton({ data }: { data: GeoJSON.FeatureCollection }) {
  const fit = useContext(Fit);
  return (
    <button type="button" className="small" onClick={() => fit(data)}>
      {messages.mapTools.fitLayer}
    </button>
  );
}
