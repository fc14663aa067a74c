import { useMutation, useQueryClient } from "@tanstack/react-query";
import type { Schemas } from "../../api/client";
import { alarmQuery } from "../../api/queries";

/** A mutation that answers with the alarm as it stands then; list and tiles follow. */
export function useAlarmAction<Input>(id: number, act: (input: Input) => Promise<Schemas["AlarmOut"]>) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: act,
    onSuccess: (alarm) => queries.setQueryData(alarmQuery(id).queryKey, alarm),
    onSettled: () =>
      Promise.all([
        queries.invalidateQueries({ queryKey: ["alarms"] }),
        queries.invalidateQueries({ queryKey: ["live"] }),
      ]),
  });
}
