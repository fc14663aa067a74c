import type { AuditSearch } from "../../app/search";
import { fromWallClock } from "../../format/plantTime";

/** Stands for the program itself among the people; no user name can be so. */
export const PROGRAM = "-";

export interface AuditAsked {
  kind?: string;
  object?: string;
  action?: string;
  username?: string;
  from?: string;
  to?: string;
}

/** What is asked of the server: whole days of the plant's time zone become instants. */
export function asked({ who, from, to, ...same }: AuditSearch, timeZone: string): AuditAsked {
  return {
    ...same,
    ...(who === undefined ? {} : { username: who === PROGRAM ? "" : who }),
    ...(from === undefined ? {} : { from: midnight(from, 0, timeZone) }),
    ...(to === undefined ? {} : { to: midnight(to, 1, timeZone) }),
  };
}

function midnight(day: string, daysLater: number, timeZone: string): string {
  const date = new Date(Date.parse(`${day}T00:00:00Z`) + daysLater * 86_400_000).toISOString().slice(0, 10);
  return new Date(fromWallClock(`${date} 00:00:00`, timeZone)).toISOString();
}
