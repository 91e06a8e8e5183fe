/** German: grades of location. */

import type { qualities as English } from "../en/qualities";

export const qualities: typeof English = {
  A: "gut bestimmt",
  B: "bestimmt",
  C: "grob lokalisiert",
  D: "erkannt, kaum lokalisiert",
};
