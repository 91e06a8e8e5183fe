/** Spanish: grades of location. */

import type { qualities as English } from "../en/qualities";

export const qualities: typeof English = {
  A: "bien determinado",
  B: "determinado",
  C: "localizado de forma aproximada",
  D: "detectado, apenas localizado",
};
