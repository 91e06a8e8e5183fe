/** Who reads the page, and whether they have signed in: asked first, and watched ever after. */

import { useSyncExternalStore } from "react";

import { ApiError, whenUnknown } from "../api/client";
import { forgetToken } from "../api/token";
import { live } from "../live/liveStore";
import { accounts, entrance, providerUrl, signIn, whoAsks, type Me } from "./client";

/** A token lasts minutes, and is renewed by what the page asks for. */
const RENEWAL_MS = 120_000;
const RETURN = "mainshock-return";

export interface Account {
  /** `unknown`: the service did not tell, and decides itself on each request. */
  state: "asking" | "in" | "out" | "unknown";
  /** Also of a sign-in that has ended. */
  me: Me | null;
  hasProvider: boolean;
}

class AccountStore {
  private account: Account = { state: "asking", me: null, hasProvider: false };
  private readonly readers = new Set<() => void>();
  private asking: Promise<void> | null = null;
  /** Questions that wait for the reader to sign in. */
  private waiting: (() => void)[] = [];
  private isByToken = false;
  private isLive = false;
  private connection = "";

  /** Ask who reads; data follow once that is known. */
  start(): void {
    whenUnknown(() => this.known());
    live.listen(() => this.onLive());
    setInterval(() => {
      if (this.account.me?.kind === "session") void this.check();
    }, RENEWAL_MS);
    void this.check();
  }

  readonly current = (): Account => this.account;

  readonly listen = (reader: () => void): (() => void) => {
    this.readers.add(reader);
    return () => this.readers.delete(reader);
  };

  async signIn(name: string, password: string): Promise<void> {
    await signIn(name, password);
    forgetToken(); // it would be sent in place of the cookie
    await this.ask();
  }

  /** Sign out, and forget all that was shown. */
  async signOut(): Promise<void> {
    await accounts.signOut().catch((error: unknown) => {
      if (!(error instanceof ApiError && error.status === 401)) throw error;
    });
    window.location.reload();
  }

  /** Go to the provider, and come back to this address. */
  goElsewhere(): void {
    sessionStorage.setItem(RETURN, window.location.hash);
    window.location.assign(providerUrl());
  }

  private async check(): Promise<void> {
    if (!this.isByToken && this.account.state !== "out") await this.ask();
  }

  /** Wait until the service knows the reader; false where it asks for no account. */
  private async known(): Promise<boolean> {
    await this.check();
    if (this.account.state === "out") await new Promise<void>((go) => this.waiting.push(go));
    return this.account.state === "in";
  }

  private ask(): Promise<void> {
    this.asking ??= this.readMe().finally(() => (this.asking = null));
    return this.asking;
  }

  private async readMe(): Promise<void> {
    try {
      this.enter(await whoAsks());
    } catch (error) {
      await this.leave(error).catch(() => this.goOn());
    }
  }

  private enter(me: Me): void {
    const before = this.account.me;
    if (before !== null && before.name !== me.name) {
      window.location.reload(); // nothing of the former reader stays
      return;
    }
    const back = sessionStorage.getItem(RETURN);
    sessionStorage.removeItem(RETURN);
    if (back && window.location.hash === "") window.location.hash = back;
    this.set({ state: "in", me, hasProvider: me.sign_in_elsewhere });
    for (const go of this.waiting.splice(0)) go();
    this.startLive();
  }

  private async leave(error: unknown): Promise<void> {
    if (!(error instanceof ApiError && error.status === 401)) throw error;
    const how = await entrance();
    this.isByToken = how === "none";
    if (this.isByToken) throw error;
    this.set({ state: "out", hasProvider: how === "provider" });
    if (this.isLive) live.stop();
    this.isLive = false;
  }

  /** Show the page all the same: what is known stays, and the service decides. */
  private goOn(): void {
    if (this.account.state !== "asking") return;
    this.set({ state: "unknown" });
    this.startLive();
  }

  private startLive(): void {
    if (this.isLive) return;
    this.isLive = true;
    live.start();
  }

  /** A live connection also ends with the sign-in, and comes back with the service. */
  private onLive(): void {
    const { connection } = live.current();
    if (connection === this.connection) return;
    this.connection = connection;
    const { state, me } = this.account;
    const mayHaveEnded = state === "in" && me?.must_sign_in === true && connection === "waiting";
    if (mayHaveEnded || state === "unknown") void this.check();
  }

  private set(news: Partial<Account>): void {
    this.account = { ...this.account, ...news };
    for (const reader of this.readers) reader();
  }
}

export const account = new AccountStore();

/** Return who reads the page. */
export const useAccount = (): Account => useSyncExternalStore(account.listen, account.current);
