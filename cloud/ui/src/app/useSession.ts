import { useSuspenseQuery } from "@tanstack/react-query";
import { sessionQuery } from "../api/queries";

/** Who is logged in; usable below the shell only. */
export function useSession() {
  return useSuspenseQuery(sessionQuery).data;
}
