import { ActionIcon, Button, Chip, Group, Input, TextInput } from "@mantine/core";
import { IconPlus, IconTrash } from "@tabler/icons-react";
import { useState } from "react";
import { answered, api } from "../../../api/client";
import { useLanguage } from "../../../i18n/LanguageProvider";
import { lookup } from "../../../i18n/lookup";
import { isClock } from "./day";
import { SettingDialog } from "./SettingDialog";
import css from "./Settings.module.css";
import { type BreakRow, DAYS, type ShiftDraft, shiftOf } from "./shift";

/** How a shift is from a day on: its times, weekdays and breaks; a new one also gets its names. */
export function ShiftDialog({ begun, onClose }: { begun: ShiftDraft; onClose: () => void }) {
  const { t } = useLanguage();
  const [draft, setDraft] = useState(begun);
  const put = (part: Partial<ShiftDraft>) => setDraft((now) => ({ ...now, ...part }));
  const body = shiftOf(draft, t.shifts.aBreak);
  const send = async () => {
    if (body !== null) await answered(api.PUT("/api/v1/calendar/patterns/{shift}", { params: { path: { shift: draft.id } }, body }));
  };
  const clock = (label: string, value: string, onChange: (next: string) => void) => (
    <TextInput label={label} placeholder="08:00" inputMode="numeric" error={value !== "" && !isClock(value) ? t.standards.clock : undefined} value={value} onChange={(event) => onChange(event.currentTarget.value)} />
  );
  return (
    <SettingDialog title={draft.isNew ? t.shifts.add : t.standards.changeOf(`${draft.zh} / ${draft.en}`)} hint={t.shifts.fromHint} submit={t.standards.save} canSend={body !== null} send={send} onClose={onClose}>
      {draft.isNew && (
        <div className={css.three}>
          <TextInput label={t.shifts.id} placeholder="weekend" maxLength={60} value={draft.id} onChange={(event) => put({ id: event.currentTarget.value })} />
          <TextInput label={t.shifts.zh} maxLength={200} value={draft.zh} onChange={(event) => put({ zh: event.currentTarget.value })} />
          <TextInput label={t.shifts.en} maxLength={200} value={draft.en} onChange={(event) => put({ en: event.currentTarget.value })} />
        </div>
      )}
      <div className={css.three}>
        <TextInput type="date" label={t.shifts.from} data-autofocus value={draft.from} onChange={(event) => put({ from: event.currentTarget.value })} />
        {clock(t.standards.from, draft.start, (start) => put({ start }))}
        {clock(t.standards.to, draft.end, (end) => put({ end }))}
      </div>
      <Input.Wrapper label={t.shifts.weekdays} description={draft.days.length === 0 ? t.shifts.ends : undefined}>
        <Chip.Group multiple value={draft.days} onChange={(days) => put({ days })}>
          <Group gap={6} mt={6}>
            {DAYS.map((day) => <Chip key={day} value={day} size="sm">{lookup(t.shifts.days, day)}</Chip>)}
          </Group>
        </Chip.Group>
      </Input.Wrapper>
      <Breaks rows={draft.breaks} onChange={(breaks) => put({ breaks })} clock={clock} />
    </SettingDialog>
  );
}

interface BreaksProps {
  rows: BreakRow[];
  onChange: (rows: BreakRow[]) => void;
  clock: (label: string, value: string, onChange: (next: string) => void) => React.ReactNode;
}

function Breaks({ rows, onChange, clock }: BreaksProps) {
  const { t } = useLanguage();
  const put = (at: number, part: Partial<BreakRow>) => onChange(rows.map((row, place) => (place === at ? { ...row, ...part } : row)));
  return (
    <div>
      {rows.map((row, at) => (
        <div key={at} className={css.pause}>
          {clock(t.shifts.breakFrom(at + 1), row.start, (start) => put(at, { start }))}
          {clock(t.shifts.breakTo(at + 1), row.end, (end) => put(at, { end }))}
          <TextInput label={t.shifts.breakName(at + 1)} placeholder={t.shifts.aBreak} maxLength={200} value={row.name} onChange={(event) => put(at, { name: event.currentTarget.value })} />
          <ActionIcon variant="subtle" color="gray" size={36} aria-label={t.shifts.removeBreak(at + 1)} onClick={() => onChange(rows.filter((_, place) => place !== at))}><IconTrash size={17} /></ActionIcon>
        </div>
      ))}
      <Button variant="light" size="xs" leftSection={<IconPlus size={15} />} onClick={() => onChange([...rows, { start: "", end: "", name: "" }])}>{t.shifts.addBreak}</Button>
    </div>
  );
}
