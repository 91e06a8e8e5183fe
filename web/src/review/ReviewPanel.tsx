/** An analyst's work: accept, reject, set picks, locate anew, save under a name. */

import { useId, useState } from "react";

import { useAccount } from "../account/account";
import { Allowed } from "../account/permissions";
import { ApiError, problemOf } from "../api/client";
import type { EventDetail } from "../api/types";
import { messages } from "../messages";
import { Words } from "../told/Words";
import { Comparison } from "./Comparison";
import { reviewApi, type Relocation, type ReviewSent } from "./client";
import { isChanged, sent, type Change, type Edit, type Phase } from "./edit";
import { isDropped } from "./leaving";
import { keepName, storedName } from "./name";
import { PickEditor } from "./PickEditor";

const text = messages.review;

interface Properties {
  event: EventDetail;
  edit: Edit | null;
  newPhase: Phase;
  onEdit: (isEditing: boolean) => void;
  onChange: (change: Change) => void;
  onNewPhase: (phase: Phase) => void;
  /** Something was saved, or is newer than what is shown. */
  onNews: () => void;
}

export function ReviewPanel(properties: Properties) {
  const { event, edit, onEdit, onNews } = properties;
  const [author, setAuthor] = useState(storedName);
  const [comment, setComment] = useState("");
  const [told, setTold] = useState<{ done?: string; problem?: string }>({});
  const [isBusy, setBusy] = useState(false);
  const [compared, setCompared] = useState<{ found: Relocation; edit: Edit } | null>(null);
  const hasChanges = isChanged(edit);
  const isFresh = compared !== null && compared.edit.picks === edit?.picks;
  const attempt = async (work: () => Promise<void>) => {
    setBusy(true);
    setTold({});
    try {
      await work();
    } catch (error) {
      if (error instanceof ApiError && error.status === 409) {
        setTold({ problem: text.conflict(String(error.detail?.["latest_version"] ?? "")) });
        onNews();
      } else {
        setTold({ problem: problemOf(error) });
      }
    } finally {
      setBusy(false);
    }
  };
  const save = (action: ReviewSent["action"]) =>
    attempt(async () => {
      if (action === "reject" && comment.trim() === "") throw new Error(text.rejectNeeds);
      const made = await reviewApi.review(event.event_id, {
        action,
        base_version: event.version,
        author,
        comment,
        ...(action === "relocate" && edit !== null ? { picks: sent(edit) } : {}),
      });
      setComment("");
      setCompared(null);
      onEdit(false);
      setTold({ done: text.saved(made.version) });
      onNews();
    });
  const relocate = () =>
    attempt(async () => {
      if (edit === null) return;
      const found = await reviewApi.relocate(event.event_id, event.version, sent(edit));
      setCompared({ found, edit });
    });
  const endEditing = () => {
    if (hasChanges && !isDropped()) return;
    setCompared(null);
    onEdit(false);
  };
  return (
    <section className="panel review" aria-labelledby="review-title" id="review">
      <h3 id="review-title">{text.title}</h3>
      <p className="muted note">{text.note}</p>
      <Allowed permission="analyse">
        <NameAndReason author={author} comment={comment} onAuthor={(name) => {
            setAuthor(name);
            keepName(name);
          }} onComment={setComment} />
        <div className="review-actions">
          <button type="button" disabled={isBusy || edit !== null} onClick={() => void save("accept")}>
            {text.accept}
          </button>
          <button type="button" disabled={isBusy || edit !== null} onClick={() => void save("reject")}>
            {text.reject}
          </button>
          {edit === null ? (
            <button type="button" disabled={isBusy} onClick={() => onEdit(true)}>
              {text.edit}
            </button>
          ) : (
            <button type="button" disabled={isBusy} onClick={endEditing}>
              {text.end}
            </button>
          )}
        </div>
        {edit !== null && (
          <>
            <PickEditor {...properties} edit={edit} />
            <div className="review-actions">
              <button
                type="button"
                disabled={!hasChanges || isBusy}
                onClick={() => properties.onChange({ kind: "undo" })}
              >
                {text.undo}
              </button>
              <button type="button" disabled={isBusy} onClick={() => void relocate()}>
                {isBusy ? text.relocating : text.relocate}
              </button>
              <button type="button" disabled={!isFresh || isBusy} onClick={() => void save("relocate")}>
                {text.save}
              </button>
            </div>
            {isFresh && <Comparison {...compared.found} />}
          </>
        )}
        <p role="status" className="done">
          {told.done ?? ""}
        </p>
        {told.problem !== undefined && (
          <p className="problem" role="alert">
            <Words text={told.problem} />
          </p>
        )}
      </Allowed>
    </section>
  );
}

interface NameAndReasonProperties {
  author: string;
  comment: string;
  onAuthor: (author: string) => void;
  onComment: (comment: string) => void;
}

/** A name is asked for only where there are no accounts: a review bears that of the account. */
function NameAndReason({ author, comment, onAuthor, onComment }: NameAndReasonProperties) {
  const id = useId();
  const kind = useAccount().me?.kind;
  const isNamed = kind === "session" || kind === "key";
  return (
    <>
      {!isNamed && <label className="wide" htmlFor={`${id}-author`}>
        {text.author}{" "}
        <input
          id={`${id}-author`}
          type="text"
          autoComplete="name"
          maxLength={100}
          value={author}
          onChange={(event) => onAuthor(event.target.value)}
        />
      </label>}
      <label className="wide" htmlFor={`${id}-comment`}>
        {text.comment}
        <textarea
          id={`${id}-comment`}
          maxLength={1000}
          value={comment}
          onChange={(event) => onComment(event.target.value)}
        />
      </label>
    </>
  );
}
