/** The filters as fields: all that can be dragged out can be written too. */

import { useEffect, useState } from "react";

import { messages } from "../messages";
import { NumberInput } from "../ui/NumberInput";
import { boxArea, boxOf, NO_FILTERS, type Filters, type Place, type Range, type Section } from "./filters";

const text = messages.explore;

interface Properties {
  filters: Filters;
  section: Section;
  onLimit: (limits: Partial<Filters>) => void;
  onSection: (section: Section) => void;
}

export function FilterFields({ filters, section, onLimit, onSection }: Properties) {
  return (
    <form className="explore-filters" aria-label={text.filters} onSubmit={(event) => event.preventDefault()}>
      <TimeField name={text.from} value={filters.time[0]} onValue={(at) => onLimit({ time: [at, filters.time[1]] })} />
      <TimeField name={text.until} value={filters.time[1]} onValue={(at) => onLimit({ time: [filters.time[0], at] })} />
      <RangeFields names={[text.leastMagnitude, text.mostMagnitude]} range={filters.magnitude} step={0.1} onRange={(magnitude) => onLimit({ magnitude })} />
      <RangeFields names={[text.leastDepth, text.mostDepth]} range={filters.depth} step={1} onRange={(depth) => onLimit({ depth })} />
      <label>
        {text.quality}{" "}
        <select
          value={filters.quality ?? ""}
          onChange={(event) => onLimit({ quality: event.target.value === "" ? null : Number(event.target.value) })}
        >
          <option value="">{text.anyQuality}</option>
          {[1, 2, 3, 4].map((one) => (
            <option key={one} value={one}>
              {text.atLeastQuality("ABCD"[one - 1]!)}
            </option>
          ))}
        </select>
      </label>
      <AreaFields area={filters.area} onArea={(area) => onLimit({ area })} />
      <SectionFields section={section} onSection={onSection} />
      <button type="button" onClick={() => onLimit(NO_FILTERS)}>
        {text.clear}
      </button>
    </form>
  );
}

interface NumberProperties {
  name: string;
  value: number | null;
  step: number | "any";
  onValue: (value: number | null) => void;
}

function NumberField({ name, value, step, onValue }: NumberProperties) {
  return (
    <label>
      {name} <NumberInput step={step} shown={String(value ?? "")} onValue={onValue} />
    </label>
  );
}

function RangeFields({ names, range, step, onRange }: {
  names: [string, string];
  range: Range;
  step: number;
  onRange: (range: Range) => void;
}) {
  return (
    <>
      <NumberField name={names[0]} value={range[0]} step={step} onValue={(low) => onRange([low, range[1]])} />
      <NumberField name={names[1]} value={range[1]} step={step} onValue={(high) => onRange([range[0], high])} />
    </>
  );
}

const asTime = (seconds: number | null): string =>
  seconds === null ? "" : new Date(seconds * 1000).toISOString().slice(0, 19);

/** A time, UTC, as ISO 8601; the date alone is its beginning. */
export function secondsOf(typed: string): number | null {
  const form = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d(?:\.\d+)?)?))?Z?$/.exec(typed.trim());
  if (form === null) return null;
  const ms = Date.parse(`${form[1]}T${form[2] ?? "00:00"}Z`);
  return Number.isNaN(ms) ? null : ms / 1000;
}

function TimeField({ name, value, onValue }: Omit<NumberProperties, "step">) {
  const [typed, setTyped] = useState(asTime(value));
  useEffect(() => setTyped(asTime(value)), [value]);
  const seconds = secondsOf(typed);
  const isWrong = typed.trim() !== "" && seconds === null;
  const told = () => {
    if (!isWrong && asTime(seconds) !== asTime(value)) onValue(seconds);
  };
  return (
    <label>
      {name}{" "}
      <input
        className="explore-time"
        value={typed}
        placeholder={text.timeForm}
        aria-invalid={isWrong}
        onChange={(event) => setTyped(event.target.value)}
        onBlur={told}
        onKeyDown={(event) => event.key === "Enter" && told()}
      />
    </label>
  );
}

/** The box around an area as four numbers; a change makes the area that box. */
function AreaFields({ area, onArea }: { area: Place[] | null; onArea: (area: Place[] | null) => void }) {
  const [box, setBox] = useState<(number | null)[]>([null, null, null, null]);
  useEffect(() => setBox(area === null ? [null, null, null, null] : boxOf(area)), [area]);
  const change = (index: number, value: number | null) => {
    const next = box.map((one, place) => (place === index ? value : one));
    setBox(next);
    const [west, south, east, north] = next;
    if (next.every((one) => one === null)) onArea(null);
    else if (west != null && south != null && east != null && north != null) {
      onArea(boxArea(west, south, east, north));
    }
  };
  return (
    <>
      {text.sides.map((name, index) => (
        <NumberField key={name} name={name} value={box[index] ?? null} step="any" onValue={(value) => change(index, value)} />
      ))}
      {area !== null && (
        <button type="button" onClick={() => onArea(null)}>
          {text.noArea}
        </button>
      )}
    </>
  );
}

function SectionFields({ section, onSection }: Pick<Properties, "section" | "onSection">) {
  return (
    <>
      <label>
        {text.sectionAlong}{" "}
        <select
          value={section.kind}
          onChange={(event) => onSection({ ...section, kind: event.target.value as Section["kind"] })}
        >
          {(["ew", "ns", "line"] as const).map((one) => (
            <option key={one} value={one}>
              {text.sectionKinds[one]}
            </option>
          ))}
        </select>
      </label>
      {section.kind === "line" && (
        <>
          {(["from", "to"] as const).map((end) =>
            ([0, 1] as const).map((part) => (
              <NumberField
                key={`${end}${part}`}
                name={text.lineEnds[end][part]!}
                value={Number(section[end][part].toFixed(4))}
                step="any"
                onValue={(value) => onSection({ ...section, [end]: withPart(section[end], part, value ?? 0) })}
              />
            )),
          )}
          <NumberField
            name={text.halfWidth}
            value={section.halfWidthKm}
            step="any"
            onValue={(km) => onSection({ ...section, halfWidthKm: Math.max(0.1, km ?? 20) })}
          />
        </>
      )}
    </>
  );
}

const withPart = (place: Place, part: 0 | 1, value: number): Place =>
  part === 0 ? [value, place[1]] : [place[0], value];
