/** The head of the page: what runs, how current it is, whether any of it is real. */

import { span, utc } from "../format";
import { useLive } from "../live/liveStore";
import { messages } from "../messages";

const text = messages.status;

export function StatusBar() {
  const connection = useLive("connection");
  const hello = useLive("hello");
  const streamMs = useLive("streamMs");
  const offsetMs = useLive("clockOffsetMs");
  const isReplay = hello !== null && /^(replay|demo)/.test(hello.source);
  const behindS = streamMs === null ? 0 : Math.max(0, (Date.now() + offsetMs - streamMs) / 1000);
  return (
    <div className="status" role="status" aria-label={text.label} data-connection={connection}>
      <span className={`state state-${connection}`}>{text[connection]}</span>
      {hello !== null && (
        <span>
          {text.source} <strong>{hello.source || messages.unknown}</strong>
        </span>
      )}
      <span>
        {text.data}{" "}
        <time>{streamMs === null ? text.noData : `${utc(streamMs)} UTC`}</time>
        {streamMs !== null && !isReplay && hello !== null && ` (${text.delay(span(behindS))})`}
      </span>
      {isReplay && <span className="badge replay">{text.replay}</span>}
      {hello?.is_synthetic && <span className="badge synthetic">{messages.synthetic}</span>}
    </div>
  );
}

