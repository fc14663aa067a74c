import { useRouter } from "@tanstack/react-router";
import { useEffect } from "react";

const QUIET_MS = 1500;

/** Fetches the code of all pages once the first one stands, so that pages still open while the server is away. */
export function usePagesAhead(): void {
  const router = useRouter();
  useEffect(() => {
    const timer = window.setTimeout(() => {
      for (const route of Object.values(router.routesById)) void router.loadRouteChunk(route);
      void import("../chart/Chart");
    }, QUIET_MS);
    return () => window.clearTimeout(timer);
  }, [router]);
}
