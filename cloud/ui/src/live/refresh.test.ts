import { QueryClient } from "@tanstack/react-query";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { topicRefresher } from "./refresh";

describe("refetching", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it("follows a topic at most so often, and never loses the last change", async () => {
    const queries = new QueryClient();
    const asked = vi.spyOn(queries, "invalidateQueries");
    const { refresh, stop } = topicRefresher(queries);
    for (let n = 0; n < 10; n++) {
      refresh(["oee"]);
      await vi.advanceTimersByTimeAsync(100);
    }
    expect(asked).toHaveBeenCalledTimes(1);
    await vi.advanceTimersByTimeAsync(5000);
    expect(asked).toHaveBeenCalledTimes(2);
    stop();
  });

  it("asks for every topic after a break", () => {
    const queries = new QueryClient();
    const asked = vi.spyOn(queries, "invalidateQueries");
    const { refresh, stop } = topicRefresher(queries);
    refresh("all");
    stop();
    const topics = asked.mock.calls.map(([filter]) => filter?.queryKey?.[0]);
    expect(new Set(topics)).toEqual(new Set(["live", "orders", "alarms", "system", "gateways", "oee", "report"]));
  });
});
