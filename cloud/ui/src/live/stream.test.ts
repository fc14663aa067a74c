import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type Connection, followEvents } from "./stream";

/** An event source that the test speaks through. */
class Source extends EventTarget {
  static readonly CONNECTING = 0;
  static opened: Source[] = [];
  readyState = 0;
  onopen: (() => void) | null = null;
  onerror: (() => void) | null = null;
  constructor(readonly url: string) {
    super();
    Source.opened.push(this);
  }
  say(kind: string, body: unknown) {
    this.readyState = 1;
    this.dispatchEvent(new MessageEvent(kind, { data: typeof body === "string" ? body : JSON.stringify(body) }));
  }
  fail() {
    this.readyState = 2;
    this.onerror?.();
  }
  close() {
    this.readyState = 2;
  }
}

function follow(isUp: () => boolean) {
  const seen = { connections: [] as Connection[], topics: [] as (string[] | "all")[], clocks: [] as number[] };
  const stop = followEvents("/events", {
    open: (url) => new Source(url) as unknown as EventSource,
    isServerUp: () => Promise.resolve(isUp()),
    onTopics: (topics) => seen.topics.push(topics),
    onClock: (_, speed) => seen.clocks.push(speed),
    onConnection: (connection) => seen.connections.push(connection),
  });
  return { seen, stop };
}

const last = () => Source.opened.at(-1) as Source;

describe("the event stream", () => {
  beforeEach(() => {
    vi.useFakeTimers();
    vi.stubGlobal("EventSource", Source);
    Source.opened = [];
  });
  afterEach(() => {
    vi.useRealTimers();
    vi.unstubAllGlobals();
  });

  it("asks for everything once it is up, then for what changed", () => {
    const { seen, stop } = follow(() => true);
    last().say("clock", { plant_now: "2026-03-02T08:00:00.000Z", speed: 60 });
    last().say("changed", { topics: ["live", "oee"] });
    stop();
    expect(seen.connections).toEqual(["connecting", "live"]);
    expect(seen.topics).toEqual(["all", ["live", "oee"]]);
    expect(seen.clocks).toEqual([60]);
  });

  it("polls while it is down and says so, then goes back to live", async () => {
    const { seen, stop } = follow(() => true);
    last().say("changed", { topics: [] });
    last().fail();
    await vi.advanceTimersByTimeAsync(5100);
    expect(seen.connections.at(-1)).toBe("polling");
    const polls = seen.topics.filter((topics) => topics === "all").length;
    await vi.advanceTimersByTimeAsync(5000);
    expect(seen.topics.filter((topics) => topics === "all").length).toBeGreaterThan(polls);
    last().say("changed", { topics: ["live"] });
    stop();
    expect(seen.connections.at(-1)).toBe("live");
  });

  it("says offline when the server does not answer either", async () => {
    const { seen, stop } = follow(() => false);
    last().fail();
    await vi.advanceTimersByTimeAsync(100);
    stop();
    expect(seen.connections.at(-1)).toBe("offline");
  });

  it("opens anew after a half-open connection was silent", async () => {
    const { stop } = follow(() => true);
    last().say("clock", { plant_now: "2026-03-02T08:00:00.000Z", speed: 1 });
    await vi.advanceTimersByTimeAsync(21_000);
    expect(Source.opened.length).toBeGreaterThan(1);
    stop();
  });

  it("lives through a message that is not JSON", () => {
    const { seen, stop } = follow(() => true);
    last().say("changed", "{");
    stop();
    expect(seen.connections.at(-1)).toBe("live");
  });

  it("is silent after it was left", async () => {
    const { seen, stop } = follow(() => true);
    stop();
    const before = seen.topics.length;
    await vi.advanceTimersByTimeAsync(30_000);
    expect(seen.topics.length).toBe(before);
  });
});
