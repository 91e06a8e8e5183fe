/** What the service is asked about accounts. */

import { ApiError, errorOf, get, request, serviceUrl, type ErrorBody } from "../api/client";
import type { components } from "../api/schema";
import { currentToken } from "../api/token";

type Schemas = components["schemas"];
export type Me = Schemas["MeData"];
export type User = Schemas["UserData"];
export type AuditLine = Schemas["AuditData"];

/** How one signs in at this service: by an account, at a provider as well, or not at all. */
export type Entrance = "password" | "provider" | "none";

const PROVIDER = "api/v1/oidc/login";
const SIGN_IN = "api/v1/sign-in";
const LONGEST_WAIT_S = 60;
const TOO_MANY = 429;

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
  const made = errorOf(response, (told as { error?: ErrorBody } | null)?.error);
  if (response.status !== TOO_MANY) throw made;
  throw new TooManyTries(made.code, made.message, Number(response.headers.get("Retry-After")));
}

/** Ask how one signs in here: who has not signed in is told nothing else. */
export async function entrance(): Promise<Entrance> {
  const told = await answered<{ data: Schemas["SignInData"] }>(await fetch(serviceUrl(SIGN_IN)));
  const { ways } = told.data;
  if (ways.includes("provider")) return "provider";
  return ways.includes("password") ? "password" : "none";
}

/** Somebody tried to sign in too often. */
export class TooManyTries extends ApiError {
  /** Seconds to wait, as the service states them. */
  readonly waitS: number;

  constructor(code: string, message: string, statedS: number) {
    super(TOO_MANY, code, message);
    this.waitS = statedS > 0 ? Math.ceil(statedS) : LONGEST_WAIT_S;
  }
}
