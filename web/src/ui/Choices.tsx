/** What the reader may choose for the whole page: its language and its colours. */

import { useSyncExternalStore, type ReactNode } from "react";

import { messages } from "../messages";
import { chooseLanguage, LANGUAGES, NAMES } from "../messages/language";
import { chooseTheme, currentTheme, listenToTheme, THEMES, type Theme } from "./theme";

const text = messages.choose;

export function Choices({ children }: { children: ReactNode }) {
  const theme = useSyncExternalStore(listenToTheme, currentTheme);
  return (
    <div className="choices">
      <div role="group" aria-label={text.language}>
        {LANGUAGES.map((one) => (
          <button
            key={one}
            type="button"
            className="small"
            lang={one}
            aria-pressed={one === messages.language}
            onClick={() => chooseLanguage(one)}
          >
            {NAMES[one]}
          </button>
        ))}
      </div>
      <select
        aria-label={text.theme}
        title={text.theme}
        value={theme}
        onChange={(event) => chooseTheme(event.target.value as Theme)}
      >
        {THEMES.map((one) => (
          <option key={one} value={one}>
            {text.themes[one]}
          </option>
        ))}
      </select>
      {children}
    </div>
  );
}
