import { Button, Stack } from "@mantine/core";
import { IconArrowsJoin2 } from "@tabler/icons-react";
import { answered, api } from "../../api/client";
import { useFormat } from "../../format/useFormat";
import { useLanguage } from "../../i18n/LanguageProvider";
import { failureText } from "../../parts/failureText";
import css from "./Downtime.module.css";
import { Fold } from "./Fold";
import { type Stop, stopKey } from "./reasonTree";
import { useStopAction } from "./useStopAction";

/** Joins a stop with a neighbour that touches it; the joined stop is opened then. */
export function MergeChoice({ stop, onMerged }: { stop: Stop; onMerged: (stop: string, number: number | null) => void }) {
  const { t } = useLanguage();
  const f = useFormat();
  const merge = useStopAction(
    (span: { start: string; end: string }) => answered(api.POST("/api/v1/downtime/merge", { body: { machine: stop.machine, ...span } })),
    ({ numbers }, { start }) => onMerged(stopKey({ machine: stop.machine, start }), numbers[0] ?? null),
  );
  const { joins_from: from, joins_to: to } = stop;
  return (
    <Fold title={t.downtime.merge}>
      <p className={css.hint}>{from === null && to === null ? t.downtime.noMerge : t.downtime.mergeLead}</p>
      {merge.error !== null && <p className={css.refused} role="alert">{failureText(merge.error, t)}</p>}
      <Stack gap="xs">
        {from !== null && (
          <Button size="md" variant="light" leftSection={<IconArrowsJoin2 size={18} />} loading={merge.isPending} onClick={() => merge.mutate({ start: from, end: stop.end })}>
            {t.downtime.mergeBefore(`${f.time(from)} – ${f.time(stop.start)}`)}
          </Button>
        )}
        {to !== null && (
          <Button size="md" variant="light" leftSection={<IconArrowsJoin2 size={18} />} loading={merge.isPending} onClick={() => merge.mutate({ start: stop.start, end: to })}>
            {t.downtime.mergeAfter(`${f.time(stop.end)} – ${f.time(to)}`)}
          </Button>
        )}
      </Stack>
    </Fold>
  );
}
