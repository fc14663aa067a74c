import { alarms } from "./zh/alarms";
import { downtime } from "./zh/downtime";
import { andon } from "./zh/andon";
import { audit } from "./zh/audit";
import { failure } from "./zh/failure";
import { gateways } from "./zh/gateways";
import { history } from "./zh/history";
import { indicators } from "./zh/indicators";
import { live } from "./zh/live";
import { mappings } from "./zh/mappings";
import { oee } from "./zh/oee";
import { orders } from "./zh/orders";
import { report } from "./zh/report";
import { session } from "./zh/session";
import { shell } from "./zh/shell";
import { shifts } from "./zh/shifts";
import { signals } from "./zh/signals";
import { standards } from "./zh/standards";
import { system } from "./zh/system";
import { tokens } from "./zh/tokens";

/** Every text of the pages in Chinese, a module for each area; `en.ts` must have the same shape, so a missing key does not compile. */
export const zh = {
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
