import { Problem } from "../api/problem";
import { lookup } from "../i18n/lookup";
import type { zh } from "../i18n/zh";

/** What a person reads about a refusal; the server's own detail is kept for codes this version does not know. */
export function failureText(error: unknown, t: typeof zh): string {
  const codes = t.failure.codes;
  if (!(error instanceof Problem)) return lookup(codes, "unknown");
  if (Object.hasOwn(codes, error.code)) return lookup(codes, error.code);
  const byStatus: Record<number, string> = { 401: "not_logged_in", 403: "not_allowed", 404: "not_found", 409: "conflict" };
  const general = byStatus[error.status] ?? (error.status === 422 || error.status === 400 ? "invalid" : error.status >= 500 ? "unavailable" : "unknown");
  return lookup(codes, general);
}
