import { QueryCache, QueryClient } from "@tanstack/react-query";
import { mayPass, Problem } from "../api/problem";

/** The query cache; `onLoggedOut` is called when an answer says that the session has ended. */
export function makeQueryClient(onLoggedOut: () => void): QueryClient {
  return new QueryClient({
    queryCache: new QueryCache({
      onError: (error, query) => {
        if (error instanceof Problem && error.status === 401 && query.queryKey[0] !== "session") onLoggedOut();
      },
    }),
    defaultOptions: {
      queries: {
        retry: (failures, error) => mayPass(error) && failures < 1,
        retryDelay: 800,
        // Loopback and plant networks are often "offline" to the browser while the server is near.
        networkMode: "always",
      },
      mutations: { networkMode: "always" },
    },
  });
}
