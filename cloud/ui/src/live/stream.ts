/** How pages learn of changes now. */
export type Connection = "connecting" | "live" | "polling" | "offline";

export interface StreamNeeds {
  open: (url: string) => EventSource;
  /** Whether the server answers at all; asked only while the stream is down. */
  isServerUp: () => Promise<boolean>;
  onTopics: (topics: string[] | "all") => void;
  onClock: (plantNow: string, speed: number) => void;
  onConnection: (connection: Connection) => void;
}

const POLL_MS = 5000;
/** The server sends its clock every 5 s; three missed ones mean a half-open connection. */
const SILENCE_MS = 15_000;

/**
 * Follows the server's events and falls back to polling while they do not come; answers how to stop.
 * Whatever was missed is made good: coming back, like every poll, asks for everything again.
 */
export function followEvents(url: string, needs: StreamNeeds): () => void {
  let source: EventSource | null = null;
  let heardAt = Date.now();
  let isStopped = false;
  let isUp = false;

  const heard = () => {
    heardAt = Date.now();
    if (isUp) return;
    isUp = true;
    needs.onConnection("live");
    needs.onTopics("all");
  };

  const connect = () => {
    source?.close();
    heardAt = Date.now();
    source = needs.open(url);
    source.onopen = heard;
    source.onerror = () => {
      isUp = false;
      void poll();
    };
    source.addEventListener("changed", (event) => {
      heard();
      const said = read(event);
      if (Array.isArray(said?.["topics"])) needs.onTopics(said["topics"].map(String));
    });
    source.addEventListener("clock", (event) => {
      heard();
      const said = read(event);
      if (typeof said?.["plant_now"] === "string") needs.onClock(said["plant_now"], Number(said["speed"] ?? 1));
    });
  };

  const poll = async () => {
    const answers = await needs.isServerUp();
    if (isStopped || isUp) return;
    needs.onConnection(answers ? "polling" : "offline");
    if (answers) needs.onTopics("all");
  };

  const beat = () => {
    if (isUp && Date.now() - heardAt < SILENCE_MS) return;
    isUp = false;
    void poll();
    // A browser gives a stream up for good after an HTTP error, and never notices a half-open one.
    if (source?.readyState !== EventSource.CONNECTING || Date.now() - heardAt > SILENCE_MS) connect();
  };

  needs.onConnection("connecting");
  connect();
  const timer = globalThis.setInterval(beat, POLL_MS);
  return () => {
    isStopped = true;
    globalThis.clearInterval(timer);
    source?.close();
  };
}

function read(event: Event): Record<string, unknown> | null {
  try {
    const said: unknown = JSON.parse((event as MessageEvent<string>).data);
    return typeof said === "object" && said !== null ? (said as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}
