/** German: all texts of the page; a feature is one file and one line here. */

import { detail } from "./detail";
import { events } from "./events";
import { faults } from "./faults";
import { flags } from "./flags";
import { forecast } from "./forecast";
import { help } from "./help";
import { map } from "./map";
import { mapTools } from "./mapTools";
import { picks } from "./picks";
import { qualities } from "./qualities";
import { segment } from "./segment";
import { shaking } from "./shaking";
import { shell } from "./shell";
import { stations } from "./stations";
import { traces } from "./traces";
import type { Messages } from "../types";

export const de: Messages = {
  ...shell,
  detail,
  events,
  faults,
  flags,
  forecast,
  help,
  map,
  mapTools,
  picks,
  qualities,
  segment,
  shaking,
  stations,
  traces,
};
