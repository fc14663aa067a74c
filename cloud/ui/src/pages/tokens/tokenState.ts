import type { Schemas } from "../../api/client";

export type TokenState = "valid" | "expired" | "revoked";

/** What has become of a token; one that was revoked stays so when its time is over. */
export function stateOf({ revoked_at, is_expired }: Schemas["ApiTokenOut"]): TokenState {
  if (revoked_at !== null) return "revoked";
  return is_expired ? "expired" : "valid";
}

export function isValid(token: Schemas["ApiTokenOut"]): boolean {
  return stateOf(token) === "valid";
}
