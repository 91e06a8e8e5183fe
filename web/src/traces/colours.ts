/** Colours of the traces panel; P and S are told apart by colour-blind readers too (Okabe and Ito). */

import { isDark } from "../ui/theme";

export interface TraceColours {
  record: string;
  band: string;
  grid: string;
  text: string;
  p: string;
  s: string;
  noise: string;
}

const LIGHT: TraceColours = {
  record: "#44525d",
  band: "#7b8994",
  grid: "#e3e7ea",
  text: "#55626c",
  p: "#0072b2",
  s: "#c04e00",
  noise: "#6b7780",
};

const DARK: TraceColours = {
  record: "#b4c0c9",
  band: "#7f8d98",
  grid: "#26333d",
  text: "#9fadb8",
  p: "#56b4e9",
  s: "#ff9e4a",
  noise: "#8b98a3",
};

export const traceColours = (): TraceColours => (isDark() ? DARK : LIGHT);
