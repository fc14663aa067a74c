import { Skeleton, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import type { Schemas } from "../../api/client";
import { conditionQuery } from "../../api/queries";
import { LazyChart } from "../../chart/LazyChart";
import { usePaint } from "../../chart/usePaint";
import { useFormat } from "../../format/useFormat";
import { useLanguage } from "../../i18n/LanguageProvider";
import { usePlantNow } from "../../live/usePlantNow";
import { Card } from "../../parts/Card";
import { Loaded } from "../../parts/Loaded";
import { useMachineName } from "../../parts/useMachineName";
import { conditionOption } from "./conditionOption";
import { conditionWindow } from "./conditionWindow";

const HEIGHT = 300;

/** The signal that raised the alarm, with what is normal and what is not. */
export function ConditionCard({ alarm }: { alarm: Schemas["AlarmOut"] }) {
  const { t } = useLanguage();
  const now = usePlantNow(5000);
  const { start, end } = conditionWindow(alarm.raised, alarm.cleared, now);
  const query = useQuery({ ...conditionQuery(alarm.machine, start, end), refetchInterval: alarm.cleared === null ? 10_000 : false });
  return (
    <Card title={t.alarms.chart} hint={alarm.unit}>
      <Loaded query={query} skeleton={<Skeleton h={HEIGHT} />}>
        {(condition) =>
          condition.points.length === 0 ? (
            <Text c="var(--ink-soft)">{t.alarms.noPoints}</Text>
          ) : (
            <ConditionChart alarm={alarm} condition={condition} />
          )
        }
      </Loaded>
    </Card>
  );
}

function ConditionChart({ alarm, condition }: { alarm: Schemas["AlarmOut"]; condition: Schemas["ConditionOut"] }) {
  const { t } = useLanguage();
  const f = useFormat();
  const paint = usePaint();
  const nameOf = useMachineName();
  const { raised } = alarm;
  const option = useMemo(() => conditionOption(condition, raised, paint, f, t), [condition, raised, paint, f, t]);
  return <LazyChart label={t.alarms.chartLabel(nameOf(alarm.machine))} option={option} height={HEIGHT} />;
}
