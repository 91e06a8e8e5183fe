import { expect, it, vi } from "vitest";

import { NumberInput, numberOf } from "./NumberInput";

const held = vi.hoisted(() => ({ typed: null as string | null }));
vi.mock("react", async (original) => ({
  ...(await original<typeof import("react")>()),
  useState: (first: string) => [held.typed ?? first, (next: string) => (held.typed = next)],
  useEffect: () => undefined,
}));

/** A field that shows a number, the keys pressed in it, and what it told. */
function field(shown: string) {
  held.typed = null;
  const onValue = vi.fn();
  const now = () => NumberInput({ shown, onValue }).props;
  const type = (typed: string) => {
    for (let end = 1; end <= typed.length; end += 1) now().onChange({ target: { value: typed.slice(0, end) } });
  };
  return { now, type, onValue };
}

it("keeps what is typed as it is, and tells of it once the reader leaves the field", () => {
  const { now, type, onValue } = field("1.000");
  type("12.5");
  expect(now().value).toBe("12.5");
  expect(onValue).not.toHaveBeenCalled();
  now().onBlur();
  expect(onValue.mock.calls).toEqual([[12.5]]);
});

it("tells of a small number with Enter, and not of its first digits", () => {
  const { now, type, onValue } = field("0.1");
  type("0.05");
  now().onKeyDown({ key: "0" });
  expect(onValue).not.toHaveBeenCalled();
  now().onKeyDown({ key: "Enter" });
  expect(onValue.mock.calls).toEqual([[0.05]]);
});

it("shows the number again that was not taken", () => {
  const { now, type } = field("3");
  type("abc");
  now().onBlur();
  expect(now().value).toBe("3");
});

it.each([
  ["12.5", "1.000", 12.5],
  ["1", "1.000", undefined],
  ["", "1.000", null],
  ["", "", undefined],
  ["0", "", 0],
  ["-", "1", undefined],
])("of %j in place of %j is %j", (typed, shown, told) => expect(numberOf(typed, shown)).toBe(told));
