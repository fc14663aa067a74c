/** A refusal of the server (RFC 9457), or `network` with status 0 when it did not answer at all. */
export class Problem extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    readonly detail = "",
  ) {
    super(`${status} ${code}`);
    this.name = "Problem";
  }
}

/** The problem a body describes; a proxy's page or an empty body still becomes one. */
export function problemFrom(status: number, body: unknown): Problem {
  const said = typeof body === "object" && body !== null ? (body as Record<string, unknown>) : {};
  const code = typeof said["code"] === "string" ? said["code"] : byStatus(status);
  const detail = typeof said["detail"] === "string" ? said["detail"] : "";
  return new Problem(status, code, detail);
}

/** Whether asking again may help without anybody changing anything. */
export function mayPass(error: unknown): boolean {
  return error instanceof Problem && (error.status === 0 || error.status >= 500);
}

function byStatus(status: number): string {
  const codes: Record<number, string> = {
    401: "not_logged_in",
    403: "not_allowed",
    404: "not_found",
    409: "conflict",
    422: "invalid",
  };
  return codes[status] ?? (status >= 500 ? "unavailable" : "unknown");
}
