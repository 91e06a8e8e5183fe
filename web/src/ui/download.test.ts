import { beforeEach, expect, it, vi } from "vitest";

import { messages } from "../messages";
import { contentOf } from "./Download";

const answers = (response: Response) => vi.stubGlobal("fetch", () => Promise.resolve(response));
const content = () => contentOf(new URL("http://here/fdsnws/dataselect/1/query"));

beforeEach(() => vi.stubGlobal("sessionStorage", { getItem: () => "token" }));

it("what was asked for is handed on", async () => {
  answers(new Response("bytes"));
  expect(await (await content()).text()).toBe("bytes");
});

it("an empty answer is no file", async () => {
  answers(new Response(null, { status: 204 }));
  await expect(content()).rejects.toThrow(messages.detail.nothingToSave);
});

it("the text of an FDSN error is no file, and says why", async () => {
  answers(new Response("Error 413: Request Entity Too Large\n\nask for less time\n\nUsage", { status: 413 }));
  await expect(content()).rejects.toThrow(/^ask for less time$/);
});

it("the envelope of an error is no file, and says why", async () => {
  answers(Response.json({ error: { code: "not_found", message: "no such event" } }, { status: 404 }));
  await expect(content()).rejects.toThrow("no such event");
});

it("an error without words is told by its number", async () => {
  answers(new Response("", { status: 502, statusText: "Bad Gateway" }));
  await expect(content()).rejects.toThrow("502 Bad Gateway");
});
