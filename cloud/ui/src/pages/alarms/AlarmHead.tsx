import type { Schemas } from "../../api/client";
import { useFormat } from "../../format/useFormat";
import { useLanguage } from "../../i18n/LanguageProvider";
import { lookup } from "../../i18n/lookup";
import { isOffTarget } from "../../parts/alarmLimit";
import { placeId, useMachineName } from "../../parts/useMachineName";
import { AcknowledgeButton } from "./AcknowledgeButton";
import css from "./AlarmDetail.module.css";
import { AlarmState } from "./AlarmState";
import { SeverityMark } from "./SeverityMark";

export function AlarmHead({ alarm }: { alarm: Schemas["AlarmOut"] }) {
  const { t } = useLanguage();
  const f = useFormat();
  const nameOf = useMachineName();
  const isAim = isOffTarget(alarm);
  return (
    <section className={css.head} aria-label={t.alarms.title}>
      <div className={css.top}>
        <div>
          <SeverityMark severity={alarm.severity} /> <AlarmState state={alarm.state} />
          <h2 className={css.title}>
            {nameOf(alarm.machine)} · {lookup(t.alarms.kinds, alarm.kind)} <span className={css.soft}>{placeId(alarm.machine)}</span>
          </h2>
        </div>
        <AcknowledgeButton alarm={alarm} />
      </div>
      <dl className={`${css.facts} tabular`}>
        <div>
          <dt>{isAim ? t.alarms.valueThen : t.alarms.value}</dt>
          <dd className={css.over}>{f.measured(alarm.value, alarm.unit)}</dd>
        </div>
        <div>
          <dt>{isAim ? t.alarms.target : t.alarms.limit}</dt>
          <dd>{f.measured(alarm.limit, alarm.unit)}</dd>
        </div>
        <div>
          <dt>{t.alarms.raised}</dt>
          <dd>{f.dayTime(alarm.raised)}</dd>
        </div>
        <div>
          <dt>{t.alarms.cleared}</dt>
          <dd>{alarm.cleared === null ? t.alarms.notCleared : f.dayTime(alarm.cleared)}</dd>
        </div>
      </dl>
    </section>
  );
}
