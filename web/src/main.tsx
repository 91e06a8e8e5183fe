import { StrictMode } from "react";
import { createRoot } from "react-dom/client";

// first, so that a feature's own sheet, which comes with its view, may change them
import "./styles.css";
import "./views.css";

import { adoptToken } from "./api/token";
import { App } from "./App";
import { live } from "./live/liveStore";
import { messages } from "./messages";
import { applyTheme } from "./ui/theme";

import "./narrow.css"; // last: it changes the others

adoptToken();
applyTheme();
document.documentElement.lang = messages.language;
live.start();
createRoot(document.getElementById("page")!).render(
  <StrictMode>
    <App />
  </StrictMode>,
);
