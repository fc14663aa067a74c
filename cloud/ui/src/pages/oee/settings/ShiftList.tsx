import { Button, Group, Skeleton, Text } from "@mantine/core";
import { IconClock, IconPlus } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { answered, api, type Schemas } from "../../../api/client";
import { patternsQuery } from "../../../api/standards";
import { NOTHING } from "../../../format/formats";
import { useFormat } from "../../../format/useFormat";
import { useLanguage } from "../../../i18n/LanguageProvider";
import { lookup } from "../../../i18n/lookup";
import { plantClock } from "../../../live/plantClock";
import { Card } from "../../../parts/Card";
import { Empty } from "../../../parts/Empty";
import { Loaded } from "../../../parts/Loaded";
import { PagedTable } from "../../../parts/PagedTable";
import table from "../../../parts/Table.module.css";
import { SettingDialog } from "./SettingDialog";
import css from "./Settings.module.css";
import { draftOf, emptyShift, runsOf, type ShiftDraft } from "./shift";
import { ShiftDialog } from "./ShiftDialog";

type Pattern = Schemas["ShiftPatternOut"];

/** The shifts of the week, each with the days on which it changed. */
export function ShiftList({ mayChange }: { mayChange: boolean }) {
  const { t, language } = useLanguage();
  const f = useFormat();
  const query = useQuery(patternsQuery);
  const [draft, setDraft] = useState<ShiftDraft | null>(null);
  const [removed, setRemoved] = useState<Pattern | null>(null);
  const today = () => f.isoDay(plantClock.now() ?? 0);
  return (
    <Loaded query={query} skeleton={<Skeleton h={320} radius={12} />}>
      {(patterns) => (
        <Card
          title={t.shifts.title}
          hint={mayChange && <Button size="compact-sm" leftSection={<IconPlus size={15} />} onClick={() => setDraft(emptyShift(today()))}>{t.shifts.add}</Button>}
          isFlush
        >
          <p className={css.lead}>{t.shifts.hint}</p>
          {patterns.length === 0 ? (
            <Empty icon={IconClock} title={t.shifts.empty} />
          ) : (
            <Patterns rows={patterns} mayChange={mayChange} onChange={(pattern) => setDraft(draftOf(pattern, today(), language))} onRemove={setRemoved} />
          )}
          {draft !== null && <ShiftDialog key={draft.id} begun={draft} onClose={() => setDraft(null)} />}
          {removed !== null && <RemoveDialog pattern={removed} onClose={() => setRemoved(null)} />}
        </Card>
      )}
    </Loaded>
  );
}

interface PatternsProps {
  rows: Pattern[];
  mayChange: boolean;
  onChange: (pattern: Pattern) => void;
  onRemove: (pattern: Pattern) => void;
}

function Patterns({ rows, mayChange, onChange, onRemove }: PatternsProps) {
  const { t } = useLanguage();
  const f = useFormat();
  const { columns } = t.shifts;
  return (
    <PagedTable
      label={t.shifts.title}
      isStacked
      rows={rows}
      rowKey={({ id, valid_from }) => `${id} ${valid_from ?? ""}`}
      columns={[
        { name: columns.shift, cell: ({ id, name }) => <><b>{f.name(name)}</b> <span className={table.soft}>{id}</span></> },
        { name: columns.from, cell: ({ valid_from }) => (valid_from === null ? t.shifts.ever : f.calendarDay(valid_from)) },
        { name: columns.until, cell: ({ until }) => (until === null ? NOTHING : f.calendarDay(until)) },
        { name: columns.times, cell: ({ start, end, days }) => (days.length === 0 ? NOTHING : `${start}–${end}`) },
        { name: columns.days, cell: ({ days }) => (days.length === 0 ? t.shifts.never : runsOf(days).map(([first, last]) => (last === undefined ? lookup(t.shifts.days, first) : t.shifts.through(lookup(t.shifts.days, first), lookup(t.shifts.days, last)))).join(t.shifts.and)) },
        { name: columns.breaks, isWrapped: true, cell: ({ breaks }) => (breaks.length === 0 ? NOTHING : breaks.map((pause) => `${pause.start}–${pause.end} ${f.name(pause.name)}`).join(t.shifts.and)) },
        { name: columns.by, cell: ({ username }) => username ?? t.shifts.file },
        ...(mayChange
          ? [
              {
                name: t.standards.change,
                isRight: true,
                cell: (row: Pattern) => (
                  <Group gap={6} justify="flex-end" wrap="nowrap">
                    {row.valid_from !== null && <Button variant="subtle" color="gray" size="compact-xs" aria-label={t.shifts.removeOf(f.name(row.name), f.calendarDay(row.valid_from))} onClick={() => onRemove(row)}>{t.standards.remove}</Button>}
                    {row.until === null && <Button variant="default" size="compact-xs" aria-label={t.standards.changeOf(f.name(row.name))} onClick={() => onChange(row)}>{t.standards.change}</Button>}
                  </Group>
                ),
              },
            ]
          : []),
      ]}
    />
  );
}

function RemoveDialog({ pattern, onClose }: { pattern: Pattern; onClose: () => void }) {
  const { t } = useLanguage();
  const f = useFormat();
  const day = pattern.valid_from ?? "";
  const send = () => answered(api.DELETE("/api/v1/calendar/patterns/{shift}/{day}", { params: { path: { shift: pattern.id, day } } }));
  return (
    <SettingDialog title={t.shifts.removeOf(f.name(pattern.name), f.calendarDay(day))} submit={t.standards.removeIt} canSend send={send} onClose={onClose}>
      <Text fz="sm">{t.shifts.removeLead}</Text>
    </SettingDialog>
  );
}
