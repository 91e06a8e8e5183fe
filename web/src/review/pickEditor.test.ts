import { isValidElement, type ReactElement, type ReactNode } from "react";
import { expect, it, vi } from "vitest";

import { NumberInput } from "../ui/NumberInput";
import { changed, isChanged, type Change, type Edit, type EditPick } from "./edit";
import { Line } from "./PickEditor";

const pick: EditPick = {
  id: "0", network: "BW", station: "UH1", location: "", phase: "P", timeMs: 11_000, sigmaS: 0.02, time: null,
};

type Input = ReactElement<Parameters<typeof NumberInput>[0]>;

function inputsOf(node: ReactNode): Input[] {
  if (Array.isArray(node)) return node.flatMap(inputsOf);
  if (!isValidElement<{ children?: ReactNode }>(node)) return [];
  return node.type === NumberInput ? [node as Input] : inputsOf(node.props.children);
}

it("a pick is moved and given an error by whole numbers, one step back each", () => {
  let edit: Edit = { picks: [pick], before: [] };
  const onChange = vi.fn((change: Change) => void (edit = changed(edit, change)));
  const [seconds, sigma] = inputsOf(Line({ pick, originMs: 10_000, onChange }));
  expect([seconds!.props.shown, sigma!.props.shown]).toEqual(["1.000", "0.02"]);
  seconds!.props.onValue(12.5);
  sigma!.props.onValue(0.05);
  sigma!.props.onValue(null);
  expect(edit.picks[0]).toMatchObject({ timeMs: 22_500, sigmaS: 0.05 });
  expect(edit.before).toHaveLength(2);
});

it("an edit has changes until the last one is taken back", () => {
  const fresh: Edit = { picks: [pick], before: [] };
  const moved = changed(fresh, { kind: "move", id: "0", timeMs: 5 });
  expect([null, fresh, moved, changed(moved, { kind: "undo" })].map(isChanged)).toEqual([false, false, true, false]);
});
