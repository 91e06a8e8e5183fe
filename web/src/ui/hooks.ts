/** Small hooks: the size of an element, the colour scheme, the view named in the address. */

import { problemOf } from "../api/client";
import { useCallback, useEffect, useRef, useState, useSyncExternalStore } from "react";

import { isDark, listenToTheme } from "./theme";

export function useWidth<T extends HTMLElement>(): [(element: T | null) => void, number] {
  const [width, setWidth] = useState(0);
  const observer = useRef<ResizeObserver | null>(null);
  const attach = useCallback((element: T | null) => {
    observer.current?.disconnect();
    if (element === null) return;
    observer.current = new ResizeObserver(() => setWidth(element.clientWidth));
    observer.current.observe(element);
    setWidth(element.clientWidth);
  }, []);
  return [attach, width];
}

export const useIsDark = (): boolean => useSyncExternalStore(listenToTheme, isDark);

/** What the address names after `#/`: a view, and a part of it such as an event. */
export interface Route {
  path: string;
  part: string | null;
}

export function parseRoute(hash: string): Route {
  const [path = "", part] = hash.replace(/^#\/?/, "").split("/");
  return { path, part: part ? decoded(part) : null };
}

/** The part as it was before it became an address; as it stands where it never was one. */
function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

export const eventAddress = (eventId: string): string => `#/events/${encodeURIComponent(eventId)}`;

export const openEvent = (eventId: string): void => {
  window.location.hash = eventAddress(eventId);
};

let moves = 0;

/** Whether the reader came to this view from another one, not from outside. */
export const hasMoved = (): boolean => moves > 0;

export function useRoute(): Route {
  const [route, setRoute] = useState(() => parseRoute(window.location.hash));
  useEffect(() => {
    const follow = () => {
      moves += 1;
      setRoute(parseRoute(window.location.hash));
      window.scrollTo(0, 0);
    };
    window.addEventListener("hashchange", follow);
    return () => window.removeEventListener("hashchange", follow);
  }, []);
  return route;
}

/** What a request gave, or what went wrong; both null until one is known. */
export interface Answer<T> {
  data: T | null;
  problem: string | null;
}

const NO_ANSWER: Answer<never> = { data: null, problem: null };

/** Return an answer where it is one to this question, and none where it is one to another question. */
export function answerTo<T>(question: string, given: Answer<T> & { question: string }): Answer<T> {
  return given.question === question ? given : NO_ANSWER;
}

/**
 * Return what a request gave, its problem, and ask again whenever `key` changes.
 *
 * While it is asked, the answer before stays; where it must never be taken for one to the new
 * question, `question` names that, and no answer to another one is returned.
 */
export function useRequest<T>(
  request: (signal: AbortSignal) => Promise<T>,
  key: string,
  question = "",
): Answer<T> {
  const [given, setGiven] = useState<Answer<T> & { question: string }>({ ...NO_ANSWER, question });
  const latest = useRef(request);
  latest.current = request;
  useEffect(() => {
    const abort = new AbortController();
    latest.current(abort.signal).then(
      (data) => {
        if (!abort.signal.aborted) setGiven({ question, data, problem: null });
      },
      (error: unknown) => {
        if (!abort.signal.aborted) setGiven({ question, data: null, problem: problemOf(error) });
      },
    );
    return () => abort.abort();
  }, [key, question]);
  return answerTo(question, given);
}
