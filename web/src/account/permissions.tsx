/** What the reader may do: hide what a role may not, or say why not. */

import type { ReactNode } from "react";

import { messages, textOf } from "../messages";
import { useAccount, type Account } from "./account";

const text = messages.account;

/** Those of the service's table of who may do what. */
export type Permission = keyof typeof text.rights;

/** Whether the account may; where nobody signs in, and where that is not known, all may. */
export const may = ({ me }: Account, permission: Permission): boolean =>
  me === null || me.permissions.includes(permission);

export const roleText = (role: string): string => textOf(text.roles, role) ?? role;

export const usePermission = (permission: Permission): boolean => may(useAccount(), permission);

/** Why the reader may not, as a sentence; null where they may. */
export function useRefusal(permission: Permission): string | null {
  const account = useAccount();
  if (may(account, permission)) return null;
  return text.refused(roleText(account.me?.role ?? ""), text.rights[permission]);
}

interface Properties {
  permission: Permission;
  /** Show nothing in place of the reason. */
  hides?: boolean;
  children: ReactNode;
}

/** Show what only some may do, or else why the reader may not. */
export function Allowed({ permission, hides = false, children }: Properties) {
  const refusal = useRefusal(permission);
  if (refusal === null) return children;
  if (hides) return null;
  return (
    <p className="muted note" data-refused={permission}>
      {refusal}
    </p>
  );
}
