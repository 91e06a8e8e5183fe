/** The form that stands in place of the views until the reader has signed in. */

import "./account.css";

import { useEffect, useId, useRef, useState, type FormEvent, type ReactNode } from "react";

import { ApiError } from "../api/client";
import { messages } from "../messages";
import { Choices } from "../ui/Choices";
import { account, useAccount } from "./account";
import { TooManyTries } from "./client";
import { Words } from "../told/Words";

const text = messages.account;

/** The page without its views. */
export function Frame({ children }: { children: ReactNode }) {
  return (
    <>
      <header>
        <h1>{messages.title}</h1>
        <Choices>{null}</Choices>
      </header>
      <main>{children}</main>
    </>
  );
}

export function SignIn() {
  const { me, hasProvider } = useAccount();
  const id = useId();
  const [told, setTold] = useState<Told | null>(null);
  const [isBusy, setBusy] = useState(false);
  const form = useRef<HTMLFormElement>(null);
  const hasEnded = me?.kind === "session";
  const field = (name: string) => form.current?.elements.namedItem(name) as HTMLInputElement | null;
  useEffect(() => {
    document.title = `${text.signIn} – ${messages.title}`;
    field(hasEnded ? "password" : "name")?.focus();
  }, [hasEnded]);
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    setTold(null);
    try {
      await account.signIn(field("name")!.value, field("password")!.value);
    } catch (error) {
      setTold(wordsOf(error));
      field("password")?.select();
    } finally {
      setBusy(false);
    }
  };
  const invalid = told?.isWrong ? { "aria-invalid": true, "aria-describedby": `${id}-told` } : {};
  return (
    <section className="panel sign-in" aria-labelledby={`${id}-title`}>
      <h2 id={`${id}-title`}>{text.signIn}</h2>
      <p>{hasEnded ? text.hasEnded : text.needed}</p>
      <form ref={form} onSubmit={(event) => void submit(event)}>
        <label htmlFor={`${id}-name`}>{text.name}</label>
        <input
          id={`${id}-name`}
          name="name"
          autoComplete="username"
          autoCapitalize="none"
          spellCheck={false}
          maxLength={100}
          required
          defaultValue={hasEnded ? me.name : ""}
          {...invalid}
        />
        <label htmlFor={`${id}-password`}>{text.password}</label>
        <input
          id={`${id}-password`}
          name="password"
          type="password"
          autoComplete="current-password"
          maxLength={256}
          required
          {...invalid}
        />
        <p role="alert" id={`${id}-told`} className={told === null ? "" : "problem"}>
          <Words text={told?.words ?? ""} />
        </p>
        <button type="submit" aria-disabled={isBusy}>
          {isBusy ? text.signingIn : text.signIn}
        </button>
      </form>
      {hasProvider && (
        <p>
          <button type="button" onClick={() => account.goElsewhere()}>
            {text.elsewhere}
          </button>
        </p>
      )}
    </section>
  );
}

interface Told {
  words: string;
  isWrong: boolean;
}

function wordsOf(error: unknown): Told {
  if (!(error instanceof ApiError)) return { words: text.unreachable, isWrong: false };
  if (error.status === 401) return { words: text.wrong, isWrong: true };
  if (error instanceof TooManyTries) return { words: text.tooMany(error.waitS), isWrong: false };
  return { words: error.message, isWrong: false };
}
