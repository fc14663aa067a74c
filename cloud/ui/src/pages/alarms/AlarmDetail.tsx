import { Button, Skeleton, Stack } from "@mantine/core";
import { IconArrowLeft, IconGauge } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { alarmQuery } from "../../api/queries";
import { useLanguage } from "../../i18n/LanguageProvider";
import { isOffTarget } from "../../parts/alarmLimit";
import { Card } from "../../parts/Card";
import { LinkButton } from "../../parts/LinkButton";
import { Loaded } from "../../parts/Loaded";
import { AffectedOrders } from "./AffectedOrders";
import css from "./AlarmDetail.module.css";
import { AlarmHead } from "./AlarmHead";
import { AlarmHistory } from "./AlarmHistory";
import { ConditionCard } from "./ConditionCard";
import { NoteForm } from "./NoteForm";

/** One alarm: what was measured, whom it concerns, what was done about it. */
export function AlarmDetail({ id, onBack }: { id: number; onBack: () => void }) {
  const { t } = useLanguage();
  const query = useQuery(alarmQuery(id));
  return (
    <>
      <Button hiddenFrom="md" variant="subtle" size="compact-sm" mb="xs" leftSection={<IconArrowLeft size={15} />} onClick={onBack}>
        {t.alarms.back}
      </Button>
      <Loaded query={query} skeleton={<DetailSkeleton />}>
        {(alarm) => (
          <div className={css.stack}>
            <AlarmHead alarm={alarm} />
            {isOffTarget(alarm) ? <OeeLink place={alarm.machine} /> : <ConditionCard alarm={alarm} />}
            <div className={css.pair}>
              <Card title={t.alarms.affected}>
                <AffectedOrders affected={alarm.affected} />
              </Card>
              <Card title={t.alarms.history}>
                <AlarmHistory history={alarm.history} />
                <NoteForm id={alarm.id} />
              </Card>
            </div>
          </div>
        )}
      </Loaded>
    </>
  );
}

function OeeLink({ place }: { place: string }) {
  const { t } = useLanguage();
  const scope = place === "site" || place.startsWith("line:") ? place : `machine:${place}`;
  return (
    <div>
      <LinkButton to="/oee" search={{ scope, period: "shift" }} variant="default" leftSection={<IconGauge size={17} />}>
        {t.alarms.openOee}
      </LinkButton>
    </div>
  );
}

function DetailSkeleton() {
  return (
    <Stack gap="md">
      <Skeleton h={150} radius={12} />
      <Skeleton h={320} radius={12} />
    </Stack>
  );
}
