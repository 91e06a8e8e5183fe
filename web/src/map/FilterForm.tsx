/** Which events are shown: by magnitude, depth, quality and state. */

import { messages } from "../messages";
import { GRADES, NO_FILTERS, STATES, type EventState, type Filters } from "./catalogue";

const text = messages.mapTools;

interface Properties {
  filters: Filters;
  onChange: (filters: Filters) => void;
}

export function FilterForm({ filters, onChange }: Properties) {
  const set = (news: Partial<Filters>) => onChange({ ...filters, ...news });
  return (
    <div className="map-filters" role="group" aria-label={text.filters}>
      <NumberField
        label={text.leastMagnitude}
        value={filters.leastMagnitude}
        step={0.5}
        onChange={(leastMagnitude) => set({ leastMagnitude })}
      />
      <NumberField
        label={text.leastDepth}
        value={filters.leastDepthKm}
        step={1}
        onChange={(leastDepthKm) => set({ leastDepthKm })}
      />
      <NumberField
        label={text.mostDepth}
        value={filters.mostDepthKm}
        step={1}
        onChange={(mostDepthKm) => set({ mostDepthKm })}
      />
      <label>
        {messages.events.filter}{" "}
        <select
          value={filters.worstGrade}
          onChange={(event) => set({ worstGrade: Number(event.target.value) })}
        >
          <option value={GRADES.length - 1}>{messages.events.all}</option>
          {GRADES.slice(0, -1).map((one, index) => (
            <option key={one} value={index}>
              {messages.events.orBetter(one)}
            </option>
          ))}
        </select>
      </label>
      <label>
        {messages.events.status}{" "}
        <select
          value={filters.state ?? ""}
          onChange={(event) => set({ state: (event.target.value || null) as EventState | null })}
        >
          <option value="">{text.notWithdrawn}</option>
          {STATES.map((one) => (
            <option key={one} value={one}>
              {text.states[one]}
            </option>
          ))}
        </select>
      </label>
      <button type="button" className="small" onClick={() => onChange(NO_FILTERS)}>
        {text.noFilters}
      </button>
    </div>
  );
}

interface FieldProperties {
  label: string;
  value: number | null;
  step: number;
  onChange: (value: number | null) => void;
}

function NumberField({ label, value, step, onChange }: FieldProperties) {
  return (
    <label>
      {label}{" "}
      <input
        type="number"
        min={-10}
        max={800}
        step={step}
        value={value ?? ""}
        onChange={(event) => {
          const given = event.target.valueAsNumber;
          onChange(Number.isFinite(given) ? given : null);
        }}
      />
    </label>
  );
}
