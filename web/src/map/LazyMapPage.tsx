/** The map of all events, which comes when it is first opened. */

import { lazy, Suspense } from "react";

import { messages } from "../messages";

const Page = lazy(async () => ({ default: (await import("./MapPage")).MapPage }));

export const LazyMapPage = () => (
  <Suspense fallback={<p>{messages.loading}</p>}>
    <Page />
  </Suspense>
);
