/** What the service says, with the parts marked that are not in the language of the page. */

import { messages } from "../messages";
import { partsOf, shownParts, type Part, type Told } from "./told";

const MARK = "\u0000";

const spans = (parts: readonly Part[]) =>
  parts.map((one, index) =>
    one.lang === undefined ? (
      one.text
    ) : (
      <span key={index} lang={one.lang}>
        {one.text}
      </span>
    ),
  );

/** A text of the service or of the page. */
export const Words = ({ text }: { text: string }) => <>{spans(shownParts(text))}</>;

/** A text of the page around one that may be in another language. */
export function Around({ told, words }: { told: (words: string) => string; words: string }) {
  const [before, after] = told(MARK).split(MARK);
  return (
    <>
      {before}
      <Words text={words} />
      {after}
    </>
  );
}

/** What could not be read, and why. */
export const Failed = ({ problem }: { problem: string }) => (
  <p className="problem">
    <Around told={messages.detail.failed} words={problem} />
  </p>
);

/** What limits the trust, one sentence an entry. */
export function Cautions({ all }: { all: readonly Told[] }) {
  return (
    <ul className="cautions">
      {all.map((one) => (
        <li key={one.text}>{spans(partsOf(one))}</li>
      ))}
    </ul>
  );
}
