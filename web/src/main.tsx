import { StrictMode } from "react";
import { createRoot } from "react-dom/client";

// first, so that a feature's own sheet, which comes with its view, may change them
import "./styles.css";
import "./views.css";

import { account } from "./account/account";
import { adoptToken } from "./api/token";
import { App } from "./App";
import { messages } from "./messages";
import { applyTheme } from "./ui/theme";

import "./narrow.css"; // last: it changes the others

adoptToken();
applyTheme();
document.documentElement.lang = messages.language;
account.start(); // which starts the live data
createRoot(document.getElementById("page")!).render(
  <StrictMode>
    <App />
  </StrictMode>,
);
