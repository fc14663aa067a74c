import { ActionIcon, Select } from "@mantine/core";
import { IconChevronLeft, IconChevronRight } from "@tabler/icons-react";
import { useFormat } from "../../format/useFormat";
import { useLanguage } from "../../i18n/LanguageProvider";
import css from "./Downtime.module.css";
import type { ShiftWindow } from "./useShifts";

interface ShiftChoiceProps {
  shifts: ShiftWindow[];
  chosen: { start: string; end: string };
  onChoose: (shift: ShiftWindow) => void;
}

const OTHER = "other";

/** Which shift is looked at: by name in a list, or one step back and forth. */
export function ShiftChoice({ shifts, chosen, onChoose }: ShiftChoiceProps) {
  const { t } = useLanguage();
  const f = useFormat();
  const at = shifts.findIndex(({ start, end }) => start === chosen.start && end === chosen.end);
  const [earlier, later] = at < 0 ? [undefined, undefined] : [shifts[at + 1], shifts[at - 1]];
  const label = ({ start, end, name, id, isRunning }: ShiftWindow) =>
    `${isRunning ? `${t.downtime.runningShift} ·` : f.day(start)} ${name === null ? id : f.name(name)} ${f.time(start)}–${f.time(end)}`;
  const choices = shifts.map((shift) => ({ value: shift.start, label: label(shift) }));
  if (at < 0) choices.unshift({ value: OTHER, label: t.downtime.otherWindow(f.dayTime(chosen.start), f.dayTime(chosen.end)) });
  const choose = (start: string | null) => {
    const shift = shifts.find((one) => one.start === start);
    if (shift !== undefined) onChoose(shift);
  };
  return (
    <div className={css.shifts}>
      <ActionIcon variant="default" size={44} aria-label={t.downtime.earlier} disabled={earlier === undefined} onClick={() => earlier !== undefined && onChoose(earlier)}>
        <IconChevronLeft size={20} />
      </ActionIcon>
      <Select
        aria-label={t.downtime.shift}
        className={css.shift}
        size="md"
        data={choices}
        value={at < 0 ? OTHER : (shifts[at]?.start ?? null)}
        onChange={choose}
        allowDeselect={false}
        maxDropdownHeight={420}
        comboboxProps={{ shadow: "md" }}
      />
      <ActionIcon variant="default" size={44} aria-label={t.downtime.later} disabled={later === undefined} onClick={() => later !== undefined && onChoose(later)}>
        <IconChevronRight size={20} />
      </ActionIcon>
    </div>
  );
}
