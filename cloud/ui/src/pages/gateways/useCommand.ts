import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import type { Schemas } from "../../api/client";
import { commandsQuery } from "../../api/queries";

/** A command that was asked for and how it stands now; it follows the list of commands. */
export function useCommand<Input>(ask: (input: Input) => Promise<Schemas["CommandOut"]>) {
  const queries = useQueryClient();
  const asked = useMutation({
    mutationFn: ask,
    onSettled: () => queries.invalidateQueries({ queryKey: ["gateways"] }),
  });
  const all = useQuery(commandsQuery).data;
  const now = all?.find(({ id }) => id === asked.data?.id) ?? asked.data ?? null;
  return { asked, now };
}
