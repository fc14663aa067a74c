import { alarms } from "./en/alarms";
import { downtime } from "./en/downtime";
import { andon } from "./en/andon";
import { audit } from "./en/audit";
import { failure } from "./en/failure";
import { gateways } from "./en/gateways";
import { history } from "./en/history";
import { indicators } from "./en/indicators";
import { live } from "./en/live";
import { mappings } from "./en/mappings";
import { oee } from "./en/oee";
import { orders } from "./en/orders";
import { report } from "./en/report";
import { session } from "./en/session";
import { shell } from "./en/shell";
import { shifts } from "./en/shifts";
import { signals } from "./en/signals";
import { standards } from "./en/standards";
import { system } from "./en/system";
import { tokens } from "./en/tokens";
import type { zh } from "./zh";

/** Every text of the pages in English, a module for each area. */
export const en: typeof zh = {
  ...shell,
  ...session,
  ...failure,
  ...oee,
  ...downtime,
  ...live,
  ...orders,
  ...alarms,
  ...andon,
  ...gateways,
  ...indicators,
  ...shifts,
  ...standards,
  ...system,
  ...signals,
  ...mappings,
  ...tokens,
  ...audit,
  ...history,
  ...report,
};
