import { Button, Skeleton, Text } from "@mantine/core";
import { IconCalendarEvent, IconPlus } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { answered, api, type Schemas } from "../../../api/client";
import { daysQuery } from "../../../api/standards";
import { type Formats, NOTHING } from "../../../format/formats";
import { useFormat } from "../../../format/useFormat";
import { useLanguage } from "../../../i18n/LanguageProvider";
import { lookup } from "../../../i18n/lookup";
import { Card } from "../../../parts/Card";
import { Empty } from "../../../parts/Empty";
import { Loaded } from "../../../parts/Loaded";
import { PagedTable } from "../../../parts/PagedTable";
import { useScopes } from "../../downtime/reasons/useScopes";
import { DayDialog } from "./DayDialog";
import { SettingDialog } from "./SettingDialog";
import css from "./Settings.module.css";

type Day = Schemas["CalendarExceptionOut"];

/** Its day; of a planned stop that ends on another one, both. */
function daysOf({ day, end_day: end }: Day, f: Formats): string {
  return end == null || end === day ? f.calendarDay(day) : `${f.calendarDay(day)} – ${f.calendarDay(end)}`;
}

/** Holidays, overtime, extra shifts and planned stops. */
export function DayList({ mayChange }: { mayChange: boolean }) {
  const { t } = useLanguage();
  const query = useQuery(daysQuery);
  const [isMaking, setIsMaking] = useState(false);
  const [removed, setRemoved] = useState<Day | null>(null);
  return (
    <Loaded query={query} skeleton={<Skeleton h={320} radius={12} />}>
      {(days) => (
        <Card
          title={t.standards.days}
          hint={mayChange && <Button size="compact-sm" leftSection={<IconPlus size={15} />} onClick={() => setIsMaking(true)}>{t.standards.addDay}</Button>}
          isFlush
        >
          <p className={css.lead}>{t.standards.daysHint}</p>
          {days.length === 0 ? (
            <Empty icon={IconCalendarEvent} title={t.standards.noDays} hint={t.standards.noDaysHint} />
          ) : (
            <Days days={days} onRemove={mayChange ? setRemoved : null} />
          )}
          {isMaking && <DayDialog onClose={() => setIsMaking(false)} />}
          {removed !== null && <RemoveDialog day={removed} onClose={() => setRemoved(null)} />}
        </Card>
      )}
    </Loaded>
  );
}

function Days({ days, onRemove }: { days: Day[]; onRemove: ((day: Day) => void) | null }) {
  const { t } = useLanguage();
  const f = useFormat();
  const scopes = useScopes().flatMap(({ items }) => items);
  const nameOf = (scope: string) => (scope === "site" ? t.oee.site : (scopes.find(({ value }) => value === scope)?.label ?? scope));
  return (
    <PagedTable
      label={t.standards.days}
      isStacked
      rows={[...days].reverse()}
      rowKey={({ id }) => String(id)}
      columns={[
        { name: t.standards.day, cell: (row) => <b>{daysOf(row, f)}</b> },
        { name: t.standards.kind, cell: ({ kind }) => lookup(t.standards.kinds, kind) },
        { name: t.standards.of, cell: (row) => row.scope == null ? (row.shift ?? (row.kind === "closed" ? t.standards.allShifts : NOTHING)) : nameOf(row.scope) },
        { name: t.standards.from, cell: ({ start }) => start ?? NOTHING },
        { name: t.standards.to, cell: ({ end }) => end ?? NOTHING },
        { name: t.standards.note, isWrapped: true, cell: ({ note }) => note },
        { name: t.standards.by, cell: ({ username }) => username },
        ...(onRemove === null
          ? []
          : [{ name: t.standards.remove, isRight: true, cell: (row: Day) => <Button variant="default" size="compact-xs" aria-label={t.standards.removeOf(daysOf(row, f))} onClick={() => onRemove(row)}>{t.standards.remove}</Button> }]),
      ]}
    />
  );
}

function RemoveDialog({ day, onClose }: { day: Day; onClose: () => void }) {
  const { t } = useLanguage();
  const f = useFormat();
  const send = () => answered(api.DELETE("/api/v1/calendar/exceptions/{number}", { params: { path: { number: day.id } } }));
  return (
    <SettingDialog title={t.standards.removeOf(daysOf(day, f))} submit={t.standards.removeIt} canSend send={send} onClose={onClose}>
      <Text fz="sm">{day.kind === "planned_stop" ? t.standards.removeStopLead : t.standards.removeLead}</Text>
    </SettingDialog>
  );
}
