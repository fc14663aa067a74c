import { useQueryClient } from "@tanstack/react-query";
import { createContext, type ReactNode, use, useEffect, useState } from "react";
import { serverAnswers } from "../api/client";
import { plantClock } from "./plantClock";
import { topicRefresher } from "./refresh";
import { type Connection, followEvents } from "./stream";

const ConnectionContext = createContext<Connection>("connecting");

/** Keeps the pages below moving: one event stream for the whole app while somebody is logged in. */
export function LiveProvider({ children }: { children: ReactNode }) {
  const queries = useQueryClient();
  const [connection, setConnection] = useState<Connection>("connecting");
  useEffect(() => {
    const { refresh, stop } = topicRefresher(queries);
    const leave = followEvents("/api/v1/live/events", {
      open: (url) => new EventSource(url),
      isServerUp: serverAnswers,
      onTopics: refresh,
      onClock: (plantNow, speed) => plantClock.set(plantNow, speed),
      onConnection: setConnection,
    });
    return () => {
      leave();
      stop();
    };
  }, [queries]);
  return <ConnectionContext value={connection}>{children}</ConnectionContext>;
}

export function useConnection(): Connection {
  return use(ConnectionContext);
}
