/** A field for a number; what is typed counts once the reader leaves it or presses Enter. */

import { useEffect, useState, type ComponentProps, type KeyboardEvent } from "react";

/** The number typed in place of the shown one, null for none; undefined where nothing changes. */
export function numberOf(typed: string, shown: string): number | null | undefined {
  const [next, before] = [typed, shown].map((one) => (one.trim() === "" ? null : Number(one)));
  return next === before || Number.isNaN(next) ? undefined : next;
}

interface Properties extends Pick<ComponentProps<"input">, "step" | "min" | "max" | "aria-label"> {
  /** The number as text. */
  shown: string;
  onValue: (value: number | null) => void;
}

export function NumberInput({ shown, onValue, ...attributes }: Properties) {
  const [typed, setTyped] = useState(shown);
  useEffect(() => setTyped(shown), [shown]);
  const end = () => {
    setTyped(shown); // unless what is typed becomes the number shown
    const next = numberOf(typed, shown);
    if (next !== undefined) onValue(next);
  };
  return (
    <input
      {...attributes}
      type="number"
      value={typed}
      onChange={(event) => setTyped(event.target.value)}
      onBlur={end}
      onKeyDown={(event: KeyboardEvent) => event.key === "Enter" && end()}
    />
  );
}
