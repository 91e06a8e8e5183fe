/** Colours of the map, for light and dark; event colours are safe for colour-blind readers. */

import { isDark } from "../ui/theme";

export interface Palette {
  water: string;
  land: string;
  border: string;
  ink: string;
  halo: string;
  /** Around marks, so that also pale ones are seen on the land. */
  edge: string;
  region: string;
  sample: string;
  ages: [string, string, string, string];
  depths: [string, string, string, string, string];
  segments: [string, string, string];
  efficiency: [string, string, string];
  /** From the weakest shaking shown to the strongest. */
  shaking: [string, string, string];
  /** Wavefronts, as the traces' marks. */
  p: string;
  s: string;
  stations: Record<StationState, string>;
}

export type StationState = "current" | "late" | "silent" | "stored" | "none";
export const AGE_LIMITS_S = [600, 3600, 86_400] as const;
export const DEPTH_STOPS_KM = [0, 10, 30, 100, 300] as const;

/** Viridis, reversed: bright where it is shallow. */
const VIRIDIS = ["#fde725", "#5ec962", "#21918c", "#3b528b", "#440154"] as const;
const STATIONS = { current: "#009e73", late: "#e69f00", silent: "#c0392b", stored: "#0072b2", none: "#8a949e" };

export const LIGHT: Palette = {
  water: "#dfe9f0",
  land: "#f7f5f0",
  border: "#b9bfc4",
  ink: "#1c2730",
  halo: "#ffffff",
  edge: "#44525d",
  region: "#b8336a",
  sample: "#b8336a",
  ages: ["#b10026", "#f03b20", "#fd9a3c", "#9aa3ab"],
  depths: [...VIRIDIS],
  segments: ["#c9b8e0", "#8e62bd", "#3f0a6b"],
  efficiency: ["#f5b041", "#c2457a", "#2a186c"],
  shaking: ["#e8a33d", "#c2457a", "#3b0f70"],
  p: "#0072b2",
  s: "#c04e00",
  stations: STATIONS,
};

export const DARK: Palette = {
  water: "#10202c",
  land: "#22303b",
  border: "#4a5964",
  ink: "#e7edf2",
  halo: "#0d151b",
  edge: "#0d151b",
  region: "#ff8fb8",
  sample: "#ff8fb8",
  ages: ["#ff5a4f", "#ff8c42", "#ffc46b", "#74808a"],
  depths: ["#fde725", "#8fd744", "#35b8a0", "#5f93d0", "#a27bd6"], // viridis, its dark end raised,
  segments: ["#54416e", "#9b72cb", "#ead6ff"],
  efficiency: ["#f5b041", "#e0608f", "#b9a8ff"],
  shaking: ["#b9a8ff", "#f07fa5", "#ffd27a"],
  p: "#56b4e9",
  s: "#ff9e4a",
  stations: { ...STATIONS, current: "#2cc295", silent: "#ff6b5e", stored: "#56b4e9" },
};

export const currentPalette = (): Palette => (isDark() ? DARK : LIGHT);
