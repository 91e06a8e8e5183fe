/** Views for researchers, each loaded when it is first opened. */

import { lazy, Suspense, type ReactNode } from "react";

import { messages } from "../messages";

const Explore = lazy(async () => ({ default: (await import("./ExploreView")).ExploreView }));
const Archive = lazy(async () => ({ default: (await import("./ArchiveView")).ArchiveView }));
const Replay = lazy(async () => ({ default: (await import("../replay/ReplayView")).ReplayView }));
const Models = lazy(async () => ({ default: (await import("../models/ModelsView")).ModelsView }));

const waiting = (view: ReactNode): ReactNode => (
  <Suspense fallback={<p className="empty">{messages.loading}</p>}>{view}</Suspense>
);

interface Properties {
  part: string | null;
}

export const LazyExplore = ({ part }: Properties) => waiting(<Explore part={part} />);
export const LazyArchive = () => waiting(<Archive />);
export const LazyReplay = ({ part }: Properties) => waiting(<Replay part={part} />);
export const LazyModels = ({ part }: Properties) => waiting(<Models part={part} />);
