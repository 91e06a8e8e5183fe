/** In the head: who has signed in, and the way out. */

import { useState } from "react";

import { messages } from "../messages";
import { account, useAccount } from "./account";
import { roleText } from "./permissions";

const text = messages.account;

export function AccountBox() {
  const { me } = useAccount();
  const [hasFailed, setFailed] = useState(false);
  if (me === null || me.kind !== "session") return null;
  const signOut = () => {
    setFailed(false);
    account.signOut().catch(() => setFailed(true));
  };
  return (
    <div className="account" role="group" aria-label={text.label}>
      <strong>{me.name}</strong> <span>{roleText(me.role ?? "")}</span>{" "}
      <button type="button" className="small" onClick={signOut}>
        {text.signOut}
      </button>
      {hasFailed && <span role="alert">{text.notOut}</span>}
    </div>
  );
}
