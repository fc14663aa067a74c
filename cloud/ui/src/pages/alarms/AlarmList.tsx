import { Button } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import type { Schemas } from "../../api/client";
import { useFormat } from "../../format/useFormat";
import { useLanguage } from "../../i18n/LanguageProvider";
import { lookup } from "../../i18n/lookup";
import { limitText } from "../../parts/alarmLimit";
import { placeId, useMachineName } from "../../parts/useMachineName";
import css from "./AlarmList.module.css";
import { AlarmState } from "./AlarmState";
import { SeverityMark } from "./SeverityMark";

interface AlarmListProps {
  alarms: Schemas["AlarmOut"][];
  total: number;
  chosen: number | undefined;
  /** Whether the alarm opens beside the list, which then stays where it is. */
  isBeside: boolean;
  isLoadingMore: boolean;
  onMore: (() => void) | null;
}

/** Active alarms first, as the server sorts them; each names the customer it concerns. */
export function AlarmList({ alarms, total, chosen, isBeside, isLoadingMore, onMore }: AlarmListProps) {
  const { t } = useLanguage();
  const f = useFormat();
  return (
    <>
      <ul className={css.list} aria-label={t.alarms.list}>
        {alarms.map((alarm) => (
          <li key={alarm.id}>
            <AlarmItem alarm={alarm} isChosen={alarm.id === chosen} isBeside={isBeside} />
          </li>
        ))}
      </ul>
      <div className={`${css.foot} tabular`}>
        {t.alarms.total(f.integer(total))}
        {onMore !== null && <Button size="xs" variant="default" loading={isLoadingMore} onClick={onMore}>{t.thread.more}</Button>}
      </div>
    </>
  );
}

function AlarmItem({ alarm, isChosen, isBeside }: { alarm: Schemas["AlarmOut"]; isChosen: boolean; isBeside: boolean }) {
  const { t, language } = useLanguage();
  const f = useFormat();
  const nameOf = useMachineName();
  const first = alarm.affected[0];
  return (
    <Link className={`${css.item} ${isChosen ? css.chosen : ""}`} to="/alarms" resetScroll={!isBeside} search={(now) => ({ ...now, id: alarm.id })}>
      <span className={css.row}>
        <SeverityMark severity={alarm.severity} />
        <AlarmState state={alarm.state} />
      </span>
      <span className={css.name}>
        {nameOf(alarm.machine)} <span className={css.soft}>{placeId(alarm.machine)}</span>
      </span>
      <span className={css.row}>
        <span className={css.soft}>{lookup(t.alarms.kinds, alarm.kind)}</span>
        <span className={`${css.soft} tabular`}>{f.dayTime(alarm.raised)}</span>
      </span>
      <span className={`${css.soft} tabular`}>
        <b className={css.value}>{f.measured(alarm.value, alarm.unit)}</b> · {limitText(alarm, f, t)}
      </span>
      {first !== undefined && (
        <span className={css.soft}>
          {t.alarms.affects(language === "zh" ? first.customer_name_zh : first.customer_name_en)} · {first.order}
        </span>
      )}
    </Link>
  );
}
