import { useMutation, useQueryClient } from "@tanstack/react-query";
import { answered, api } from "../../api/client";

/**
 * A change of stops; lists, history and figures follow, also after a refusal, which tells that they were old.
 * `onDone` is called at once and whatever the lists say then: a merged stop has gone from them with the form that merged it.
 */
export function useStopAction<Input, Output>(act: (input: Input) => Promise<Output>, onDone?: (output: Output, input: Input) => void) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: act,
    onSuccess: (output, input) => onDone?.(output, input),
    onSettled: () =>
      Promise.all([
        queries.invalidateQueries({ queryKey: ["downtime"] }),
        queries.invalidateQueries({ queryKey: ["oee"] }),
      ]),
  });
}

/** Takes back what was said under a number. */
export function withdrawCorrection(number: number) {
  return answered(api.POST("/api/v1/downtime/corrections/{number}/withdraw", { params: { path: { number } } }));
}
