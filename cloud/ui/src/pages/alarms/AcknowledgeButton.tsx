import { Button, Text } from "@mantine/core";
import { IconCheck } from "@tabler/icons-react";
import { answered, api, type Schemas } from "../../api/client";
import { useSession } from "../../app/useSession";
import { useLanguage } from "../../i18n/LanguageProvider";
import { failureText } from "../../parts/failureText";
import { useAlarmAction } from "./useAlarmAction";

/** Shown while there is something to acknowledge, to those who may. */
export function AcknowledgeButton({ alarm }: { alarm: Schemas["AlarmOut"] }) {
  const { t } = useLanguage();
  const { permissions } = useSession();
  const acknowledge = useAlarmAction(alarm.id, () =>
    answered(api.POST("/api/v1/alarms/{alarm_id}/acknowledge", { params: { path: { alarm_id: alarm.id } } })),
  );
  const isOpen = alarm.state === "unacknowledged" || alarm.state === "cleared_unacknowledged";
  if (!isOpen || !permissions.includes("alarms.acknowledge")) return null;
  return (
    <div>
      <Button leftSection={<IconCheck size={17} />} loading={acknowledge.isPending} onClick={() => acknowledge.mutate(undefined)}>
        {t.alarms.acknowledge}
      </Button>
      {acknowledge.error !== null && <Text fz="sm" c="var(--breakdown)" role="alert" mt={4}>{failureText(acknowledge.error, t)}</Text>}
    </div>
  );
}
