/** Whether the reader wants little motion. */

import { useSyncExternalStore } from "react";

const media = globalThis.matchMedia?.("(prefers-reduced-motion: reduce)");

const listen = (reader: () => void): (() => void) => {
  media?.addEventListener("change", reader);
  return () => media?.removeEventListener("change", reader);
};

export const useReducedMotion = (): boolean =>
  useSyncExternalStore(listen, () => media?.matches ?? false);
