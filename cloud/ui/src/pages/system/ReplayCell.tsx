import { Button, Text } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { answered, api, type Schemas } from "../../api/client";
import { useSession } from "../../app/useSession";
import { useFormat } from "../../format/useFormat";
import { useLanguage } from "../../i18n/LanguageProvider";
import { lookup } from "../../i18n/lookup";
import { failureText } from "../../parts/failureText";

/** How reading a payload again ended, and a way to try, for those who may. */
export function ReplayCell({ row }: { row: Schemas["QuarantineOut"] }) {
  const { t } = useLanguage();
  const f = useFormat();
  const { permissions } = useSession();
  const queries = useQueryClient();
  const replay = useMutation({
    mutationFn: () => answered(api.POST("/api/v1/system/quarantine/{number}/replay", { params: { path: { number: row.id } } })),
    onSettled: () => queries.invalidateQueries({ queryKey: ["system"] }),
  });
  const outcome = replay.data ?? row.replay;
  const isStored = outcome?.outcome.startsWith("stored") ?? false;
  return (
    <div style={{ minWidth: 118, maxWidth: 260, whiteSpace: "normal" }}>
      {outcome !== null && (
        <Text fz={12.5} fw={600} c={isStored ? "var(--running)" : "var(--starved)"} role="status">
          {lookup(t.system.replayOutcomes, outcome.outcome)}
          {outcome.points > 0 && ` · ${t.system.replayPoints(f.integer(outcome.points))}`}
        </Text>
      )}
      {outcome !== null && outcome.detail !== "" && <Text fz={12} c="var(--ink-soft)" mb={4} style={{ overflowWrap: "anywhere" }}>{outcome.detail}</Text>}
      {!isStored && permissions.includes("quarantine.replay") && (
        <Button size="compact-xs" variant="default" title={t.system.replayHint} loading={replay.isPending} onClick={() => replay.mutate()}>
          {t.system.replay}
        </Button>
      )}
      {replay.error !== null && <Text fz="xs" c="var(--breakdown)" role="alert">{failureText(replay.error, t)}</Text>}
    </div>
  );
}
