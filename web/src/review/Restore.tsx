/** Lets an earlier version of an event count again. */

import { problemOf } from "../api/client";
import { useState } from "react";

import { Allowed } from "../account/permissions";
import type { EventDetail } from "../api/types";
import { messages } from "../messages";
import { reviewApi } from "./client";
import { storedName } from "./name";
import { Words } from "../told/Words";

const text = messages.review;

interface Properties {
  event: EventDetail;
  latest: number;
  version: number;
  onNews: () => void;
}

export function Restore({ event, latest, version, onNews }: Properties) {
  const [problem, setProblem] = useState<string | null>(null);
  const [isBusy, setBusy] = useState(false);
  const restore = async () => {
    setBusy(true);
    setProblem(null);
    try {
      await reviewApi.review(event.event_id, {
        action: "restore",
        base_version: latest,
        author: storedName(),
        comment: "",
        restored_version: version,
      });
      onNews();
    } catch (error) {
      setProblem(problemOf(error));
    } finally {
      setBusy(false);
    }
  };
  return (
    <Allowed permission="analyse" hides>
      <button
        type="button"
        className="small"
        disabled={isBusy}
        aria-label={text.restoreOf(version)}
        onClick={() => void restore()}
      >
        {text.restore}
      </button>
      {problem !== null && (
        <p className="problem" role="alert">
          <Words text={problem} />
        </p>
      )}
    </Allowed>
  );
}
