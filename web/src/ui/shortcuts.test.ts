import { describe, expect, it, vi } from "vitest";

import { Shortcuts, type Shortcut } from "./shortcuts";

const shortcut = (keys: string): Shortcut => ({ keys, group: "all", text: `do ${keys}`, run: () => undefined });

function known(...keys: string[]): Shortcuts {
  const made = new Shortcuts();
  keys.forEach((one) => made.add(shortcut(one)));
  return made;
}

describe("shortcuts", () => {
  it("are found by one character, or by two in a row", () => {
    const made = known("?", "g e", "g s");
    expect(made.press("?", 0)?.keys).toBe("?");
    expect(made.press("g", 10)).toBeNull();
    expect(made.press("s", 400)?.keys).toBe("g s");
    expect(made.press("s", 500)).toBeNull(); // alone it means nothing
  });

  it("forget a first character after a while", () => {
    const made = known("g e");
    made.press("g", 0);
    expect(made.press("e", 5000)).toBeNull();
  });

  it("take a second character that fits nothing as a first one", () => {
    const made = known("g e", "t");
    made.press("g", 0);
    expect(made.press("t", 10)?.keys).toBe("t");
    made.press("g", 20);
    made.press("g", 30);
    expect(made.press("e", 40)?.keys).toBe("g e");
  });

  it("end with what registered them, and tell their readers", () => {
    const made = new Shortcuts();
    const reader = vi.fn();
    made.listen(reader);
    const drop = made.add(shortcut("p"));
    expect(made.all().map((one) => one.keys)).toEqual(["p"]);
    drop();
    expect(made.all()).toEqual([]);
    expect(made.press("p", 0)).toBeNull();
    expect(reader).toHaveBeenCalledTimes(2);
  });

  it("refuse two meanings for the same keys", () => {
    expect(() => known("p", "p")).toThrow("already means: do p");
  });
});
