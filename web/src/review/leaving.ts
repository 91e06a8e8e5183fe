/** Unsaved changes are not lost unasked: neither with the page, nor where its address goes elsewhere. */

import { useEffect } from "react";

import { messages } from "../messages";

export const isDropped = (): boolean => window.confirm(messages.review.discard);

/** Ask before the reader leaves, and return what ends that; where they stay, so does the address. */
export function askOnLeaving(): () => void {
  const onClose = (event: BeforeUnloadEvent) => event.preventDefault();
  const onMove = (event: HashChangeEvent) => {
    if (isDropped()) return;
    event.stopImmediatePropagation();
    window.history.replaceState(window.history.state, "", event.oldURL);
  };
  window.addEventListener("beforeunload", onClose);
  window.addEventListener("hashchange", onMove, { capture: true }); // before whoever follows the address
  return () => {
    window.removeEventListener("beforeunload", onClose);
    window.removeEventListener("hashchange", onMove, { capture: true });
  };
}

export function useLeaving(hasChanges: boolean): void {
  useEffect(() => (hasChanges ? askOnLeaving() : undefined), [hasChanges]);
}
