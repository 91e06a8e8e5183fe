/** What every language must tell. */

import type { en } from "./en";

export type Messages = typeof en;
