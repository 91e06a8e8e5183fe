import { beforeEach, expect, it, vi } from "vitest";

import { messages } from "../messages";
import { askOnLeaving } from "./leaving";

const OLD = "http://here/#/events/a";
let answer = false;
let page: EventTarget;
const confirm = vi.fn((_: string) => answer);
const replaceState = vi.fn();

/** Move to another address, and tell whether the page followed. */
function move(): boolean {
  const follow = vi.fn();
  page.addEventListener("hashchange", follow);
  page.dispatchEvent(Object.assign(new Event("hashchange"), { oldURL: OLD }));
  page.removeEventListener("hashchange", follow);
  return follow.mock.calls.length > 0;
}

beforeEach(() => {
  confirm.mockClear();
  replaceState.mockClear();
  page = Object.assign(new EventTarget(), { confirm, history: { state: null, replaceState } });
  vi.stubGlobal("window", page);
});

it("who stays keeps the address and what was changed", () => {
  askOnLeaving();
  answer = false;
  expect(move()).toBe(false);
  expect(confirm).toHaveBeenCalledWith(messages.review.discard);
  expect(replaceState).toHaveBeenCalledWith(null, "", OLD);
});

it("who drops the changes leaves", () => {
  askOnLeaving();
  answer = true;
  expect(move()).toBe(true);
  expect(replaceState).not.toHaveBeenCalled();
});

it("the browser asks before the page is closed, as long as there are changes", () => {
  const close = () => page.dispatchEvent(new Event("beforeunload", { cancelable: true }));
  const end = askOnLeaving();
  expect(close()).toBe(false);
  end();
  expect(close()).toBe(true);
  expect(move()).toBe(true);
  expect(confirm).not.toHaveBeenCalled();
});
