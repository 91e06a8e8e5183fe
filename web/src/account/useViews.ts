/** The views that the reader is told of. */

import { useMemo } from "react";

import { VIEWS, type View } from "../views";
import { useAccount } from "./account";
import { may } from "./permissions";

/** All, without those for accounts where there are none, or for another role. */
export function useViews(): readonly View[] {
  const account = useAccount();
  return useMemo(
    () =>
      VIEWS.filter(
        ({ permission }) =>
          permission === undefined || (account.me?.must_sign_in === true && may(account, permission)),
      ),
    [account],
  );
}
