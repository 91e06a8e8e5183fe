/** English: all texts of the page; a feature is one file and one line here. */

import { account } from "./account";
import { archive } from "./archive";
import { detail } from "./detail";
import { eventPage } from "./eventPage";
import { events } from "./events";
import { explore } from "./explore";
import { faults } from "./faults";
import { flags } from "./flags";
import { forecast } from "./forecast";
import { help } from "./help";
import { map } from "./map";
import { mapTools } from "./mapTools";
import { models } from "./models";
import { picks } from "./picks";
import { qualities } from "./qualities";
import { relevance } from "./relevance";
import { replay } from "./replay";
import { review } from "./review";
import { segment } from "./segment";
import { service } from "./service";
import { shaking } from "./shaking";
import { shell } from "./shell";
import { station } from "./station";
import { stations } from "./stations";
import { traces } from "./traces";

export const en = {
  ...shell,
  account,
  archive,
  detail,
  eventPage,
  events,
  explore,
  faults,
  flags,
  forecast,
  help,
  map,
  mapTools,
  models,
  picks,
  qualities,
  relevance,
  replay,
  review,
  segment,
  service,
  shaking,
  station,
  stations,
  traces,
};
