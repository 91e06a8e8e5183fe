/** What the service is asked about accounts. */

import { ApiError, get, request, serviceUrl } from "../api/client";
import type { components } from "../api/schema";
import { currentToken } from "../api/token";

type Schemas = components["schemas"];
export type Me = Schemas["MeData"];
export type User = Schemas["UserData"];
export type AuditLine = Schemas["AuditData"];

/** How one signs in at this service: by an account, at a provider as well, or not at all. */
export type Entrance = "password" | "provider" | "none";

const PROVIDER = "api/v1/oidc/login";
const LONGEST_WAIT_S = 60;

export const providerUrl = (): string => serviceUrl(PROVIDER).href;

export const accounts = {
  users: (signal?: AbortSignal) => get<User[]>("users", {}, signal),
  audit: (query: Record<string, string | number>, signal?: AbortSignal) =>
    get<AuditLine[]>("audit", query, signal),
  signOut: () => request("logout", {}, undefined, {}),
};

/** Ask who asks; a refusal is an answer here, and waits for nothing. */
export async function whoAsks(): Promise<Me> {
  const token = currentToken();
  const headers: Record<string, string> = token === null ? {} : { Authorization: `Bearer ${token}` };
  return (await answered<{ data: Me }>(await fetch(serviceUrl("api/v1/me"), { headers }))).data;
}

/** Sign in; the service keeps the token in a cookie that no script reads. */
export async function signIn(name: string, password: string): Promise<void> {
  const response = await fetch(serviceUrl("api/v1/login"), {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ name, password }),
  });
  await answered(response);
}

async function answered<T>(response: Response): Promise<T> {
  const told: unknown = await response.json().catch(() => null);
  if (response.ok && told !== null) return told as T;
  const error = (told as { error?: { code: string; message: string } } | null)?.error;
  const message = error?.message ?? `${response.status} ${response.statusText}`;
  throw new ApiError(response.status, error?.code ?? "http_error", message);
}

/**
 * Ask how one signs in here: who has not signed in is told nothing else. The route that leads to
 * the provider is open to all where there are accounts, and leads nowhere without a provider.
 */
export async function entrance(): Promise<Entrance> {
  const { status } = await fetch(providerUrl(), { redirect: "manual" });
  if (status === 401) return "none";
  return status === 404 ? "password" : "provider"; // a way to the provider shows no status
}

/** Seconds to wait, as the service states them with too many tries. */
export function waitOf(message: string): number {
  const found = /(\d+(?:\.\d+)?) s\b/.exec(message);
  return found === null ? LONGEST_WAIT_S : Math.max(1, Math.ceil(Number(found[1])));
}
