import type { QueryClient } from "@tanstack/react-query";

/** Shortest real milliseconds between two refetches of a topic; costly answers are asked less often. */
const SPACING_MS: Record<string, number> = { live: 900, orders: 2000, alarms: 1500, system: 2500, gateways: 1200, oee: 5000, report: 2000 };

/** A function that refetches what stands on screen for the topics that changed, at most so often each. */
export function topicRefresher(queries: QueryClient): { refresh: (topics: string[] | "all") => void; stop: () => void } {
  const lastAt = new Map<string, number>();
  const waiting = new Map<string, ReturnType<typeof setTimeout>>();

  const now = (topic: string) => {
    waiting.delete(topic);
    lastAt.set(topic, Date.now());
    // An answer on its way is let through: cancelling it each second would starve a slow line.
    void queries.invalidateQueries({ queryKey: [topic] }, { cancelRefetch: false });
  };

  const refresh = (topics: string[] | "all") => {
    for (const topic of topics === "all" ? Object.keys(SPACING_MS) : topics) {
      if (waiting.has(topic)) continue;
      const wait = (lastAt.get(topic) ?? 0) + (SPACING_MS[topic] ?? 1000) - Date.now();
      if (wait <= 0) now(topic);
      else waiting.set(topic, setTimeout(() => now(topic), wait));
    }
  };

  const stop = () => {
    for (const timer of waiting.values()) clearTimeout(timer);
    waiting.clear();
  };
  return { refresh, stop };
}
