import { useQueryClient } from "@tanstack/react-query";

/** After a standard was changed: everything that is measured against it is asked for anew. */
export function useStandardsChanged(): () => Promise<void> {
  const queries = useQueryClient();
  return async () => {
    await Promise.all(["standards", "plant", "oee", "segments", "live", "shifts", "downtime", "scrap"].map((topic) => queries.invalidateQueries({ queryKey: [topic] })));
  };
}
