import { useQueryClient } from "@tanstack/react-query";

/** A function to call when the tree, the codes or the rules changed: all that is named or counted by them is asked for anew. */
export function useReasonsChanged(): () => Promise<unknown> {
  const queries = useQueryClient();
  return () => Promise.all(["reasons", "downtime", "oee"].map((topic) => queries.invalidateQueries({ queryKey: [topic] })));
}
