import { useMutation, useQueryClient } from "@tanstack/react-query";

/** A change of stops; lists, history and figures follow, also after a refusal, which tells that they were old. */
export function useStopAction<Input, Output>(act: (input: Input) => Promise<Output>) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: act,
    onSettled: () =>
      Promise.all([
        queries.invalidateQueries({ queryKey: ["downtime"] }),
        queries.invalidateQueries({ queryKey: ["oee"] }),
      ]),
  });
}
