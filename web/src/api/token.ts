/** The service's token: given once as `?token=`, kept for this tab, sent with every request. */

const KEY = "mainshock-token";

/** Move a token from the address into the tab's storage, so that no copied link carries it. */
export function adoptToken(): void {
  const address = new URL(window.location.href);
  const token = address.searchParams.get("token");
  if (token === null) return;
  sessionStorage.setItem(KEY, token);
  address.searchParams.delete("token");
  window.history.replaceState(null, "", address);
}

/** Drop the token: a cookie has taken its place. */
export function forgetToken(): void {
  sessionStorage.removeItem(KEY);
}

export function currentToken(): string | null {
  return sessionStorage.getItem(KEY);
}
