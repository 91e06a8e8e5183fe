/** Views for who keeps the service, loaded when one is first opened. */

import { lazy, Suspense, type ReactNode } from "react";

import { messages } from "../messages";

const Users = lazy(async () => ({ default: (await import("./UsersView")).UsersView }));
const Audit = lazy(async () => ({ default: (await import("./AuditView")).AuditView }));

const waiting = (view: ReactNode): ReactNode => (
  <Suspense fallback={<p className="empty">{messages.loading}</p>}>{view}</Suspense>
);

export const LazyUsers = () => waiting(<Users />);
export const LazyAudit = () => waiting(<Audit />);
