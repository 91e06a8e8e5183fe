/** The head of the page: what runs, how current it is, whether any of it is real. */

import { shortSource, span, utc } from "../format";
import { newestSampleMs } from "../live/dataNow";
import { useLive } from "../live/liveStore";
import { messages } from "../messages";
import { say } from "../told/told";
import { Words } from "../told/Words";

const text = messages.status;

export function StatusBar() {
  const connection = useLive("connection");
  const hello = useLive("hello");
  const isStored = useLive("service")?.is_stored ?? false;
  const isReplay = hello !== null && /^(replay|demo)/.test(hello.source);
  const state = useServiceText() === "" ? connection : "degraded";
  return (
    <div className="status" role="group" aria-label={text.label} data-connection={connection}>
      {/* alone, since the times beside it change each second and would be read aloud each time */}
      <span className={`state state-${state}`} role="status">
        {text[connection]}
      </span>
      {hello !== null && (
        <span className="source" title={hello.source}>
          {text.source} <strong>{shortSource(hello.source) || messages.unknown}</strong>
        </span>
      )}
      {isStored ? <StoredTo /> : <DataTo isReplay={isReplay} />}
      {isReplay && <span className="badge replay">{text.replay}</span>}
      {hello?.is_synthetic && <span className="badge synthetic">{messages.synthetic}</span>}
    </div>
  );
}

function DataTo({ isReplay }: { isReplay: boolean }) {
  const hello = useLive("hello");
  const streamMs = useLive("streamMs");
  const offsetMs = useLive("clockOffsetMs");
  useLive("dataNowMs"); // the delay grows also when nothing comes
  if (streamMs === null) return <span>{text.noData}</span>;
  const behindS = Math.max(0, (Date.now() + offsetMs - streamMs) / 1000);
  return (
    <span>
      {text.data} <time>{`${utc(streamMs)} UTC`}</time>
      {!isReplay && hello !== null && ` (${text.delay(span(behindS))})`}
    </span>
  );
}

function StoredTo() {
  const newestMs = newestSampleMs(useLive("health"));
  if (newestMs === null) return <span>{text.stored}</span>;
  return (
    <span>
      {text.storedTo} <time>{`${utc(newestMs)} UTC`}</time>
    </span>
  );
}

/** What does not work at the service, which the page may reach all the same. */
export function ServiceNote() {
  const told = useServiceText();
  return (
    <p className="service-note" role="status" hidden={told === ""}>
      <Words text={told} />
    </p>
  );
}

/** Return what is wrong with the service, or nothing where all works or it is out of reach. */
function useServiceText(): string {
  const connection = useLive("connection");
  const service = useLive("service");
  if (connection !== "open" || service === null) return "";
  return text.service[service.status](say(service.reason_told));
}
