/** In place of the traces, where nothing is live. */

import { messages } from "../messages";

const text = messages.traces;

export function StoredNote() {
  return (
    <section className="panel" aria-labelledby="traces-title">
      <h2 id="traces-title">{text.title}</h2>
      <p className="empty">
        {text.stored} <a href="#/events">{text.storedEvents}</a>
      </p>
    </section>
  );
}
