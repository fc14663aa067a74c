import { describe, expect, it } from "vitest";
import { en } from "../i18n/en";
import { failureText } from "../parts/failureText";
import { answered } from "./client";
import { mayPass, Problem, problemFrom } from "./problem";

describe("problems", () => {
  it("take the server's code, or one by the status when a body has none", () => {
    expect(problemFrom(404, { code: "no_such_order", detail: "x" }).code).toBe("no_such_order");
    expect(problemFrom(503, "<html>").code).toBe("unavailable");
    expect(problemFrom(418, null).code).toBe("unknown");
  });

  it("tell a server that is away from a refusal", async () => {
    await expect(answered(Promise.reject(new TypeError("fetch failed")))).rejects.toMatchObject({ code: "network", status: 0 });
    const refused = answered(Promise.resolve({ error: { code: "not_allowed" }, response: new Response("", { status: 403 }) }));
    await expect(refused).rejects.toMatchObject({ code: "not_allowed", status: 403 });
  });

  it("are asked again only when that may help", () => {
    expect(mayPass(new Problem(0, "network"))).toBe(true);
    expect(mayPass(new Problem(503, "unavailable"))).toBe(true);
    expect(mayPass(new Problem(404, "not_found"))).toBe(false);
  });

  it("read well for codes that this version does not know", () => {
    expect(failureText(new Problem(404, "no_such_comet"), en)).toBe(en.failure.codes["not_found"]);
    expect(failureText(new Problem(409, "alarm_is_gone"), en)).toBe(en.failure.codes["conflict"]);
    expect(failureText(new Error("x"), en)).toBe(en.failure.codes["unknown"]);
  });
});
