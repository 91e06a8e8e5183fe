import { beforeEach, describe, expect, it, vi } from "vitest";

/** The page in a language, loaded anew: it is chosen once. */
async function pageIn(language: string) {
  vi.resetModules();
  vi.doMock("../messages/language", async (load) => ({
    ...(await load<object>()),
    currentLanguage: () => language,
  }));
  return import("./told");
}

const NEWS = {
  text: "stage picking waits: the cluster does not answer",
  code: "stage.waits",
  values: { stage: "picking", error: "the cluster does not answer" },
};
const UNKNOWN = { text: "something new", code: null, values: {} };

vi.setConfig({ testTimeout: 60_000 }); // each language loads the page anew

beforeEach(() => vi.restoreAllMocks());

describe("what the service says", () => {
  it("is told in the language of the page, with English words in it marked", async () => {
    const { say, shownParts } = await pageIn("de");
    const text = say([NEWS]);
    expect(text).toBe("Stufe picking wartet: the cluster does not answer");
    expect(shownParts(text).filter((one) => one.lang === "en")).toEqual([
      { text: "the cluster does not answer", lang: "en" },
    ]);
  });

  it("stays as it is, and marked, where its code is unknown", async () => {
    const { say, shownParts } = await pageIn("es");
    expect(shownParts(say([UNKNOWN]))).toEqual([{ text: "something new", lang: "en" }]);
    expect(say([{ ...UNKNOWN, code: "not.there" }])).toBe("something new");
  });

  it("is the service's own text on an English page", async () => {
    const { say, sayError, shownParts } = await pageIn("en");
    expect(shownParts(say([NEWS, UNKNOWN]))).toEqual([{ text: `${NEWS.text}; something new` }]);
    expect(sayError("not_found", "no such thing here", [])).toBe("no such thing here");
  });

  it("of an error begins in the reader's language even where its sentence is unknown", async () => {
    const { sayError, shownParts } = await pageIn("de");
    const text = sayError("not_found", "no such thing here", [UNKNOWN]);
    expect(shownParts(text)).toEqual([
      { text: "Das gibt es nicht. " },
      { text: "no such thing here", lang: "en" },
    ]);
    expect(sayError("teapot", "x y", [])).toContain("x y");
  });

  it("keeps numbers and names as they are told", async () => {
    const { say, shownParts } = await pageIn("es");
    const text = say([{ text: "", code: "feed.shed", values: { count: "17" } }]);
    expect(text).toContain("17 paquetes");
    expect(shownParts(text)).toEqual([{ text }]);
  });
});
