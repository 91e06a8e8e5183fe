import { StrictMode } from "react";
import { createRoot } from "react-dom/client";

import { adoptToken } from "./api/token";
import { App } from "./App";
import { live } from "./live/liveStore";
import { messages } from "./messages";
import "./styles.css";
import "./views.css";
import "./narrow.css"; // last: it changes the others

adoptToken();
document.documentElement.lang = messages.language;
live.start();
createRoot(document.getElementById("page")!).render(
  <StrictMode>
    <App />
  </StrictMode>,
);
