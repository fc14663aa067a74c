import { useMutation, useQueryClient } from "@tanstack/react-query";
import type { Schemas } from "../../api/client";

/** A change of a handover note; the report follows, also after a refusal, which tells that it was old. */
export function useHandoverAction<Input>(act: (input: Input) => Promise<Schemas["HandoverNoteOut"]>, onDone: () => void) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: act,
    onSuccess: onDone,
    onSettled: () => queries.invalidateQueries({ queryKey: ["report"] }),
  });
}
