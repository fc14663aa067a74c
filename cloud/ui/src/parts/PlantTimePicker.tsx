import "@mantine/dates/styles.css";
import "dayjs/locale/zh-cn";
import { Text } from "@mantine/core";
import { DatesProvider, DateTimePicker } from "@mantine/dates";
import { fromWallClock, wallClock } from "../format/plantTime";
import { useFormat } from "../format/useFormat";
import { useLanguage } from "../i18n/LanguageProvider";

interface PlantTimePickerProps {
  label: string;
  /** Milliseconds since the epoch. */
  value: number;
  error?: string;
  onChange: (value: number) => void;
}

/** A time to the second on the plant's own wall clock. */
export function PlantTimePicker({ label, value, error, onChange }: PlantTimePickerProps) {
  const { language } = useLanguage();
  const { timeZone } = useFormat();
  return (
    <DatesProvider settings={{ locale: language === "zh" ? "zh-cn" : "en", firstDayOfWeek: 1 }}>
      <DateTimePicker
        label={label}
        withSeconds
        error={error}
        value={wallClock(value, timeZone)}
        onChange={(next) => next !== null && onChange(fromWallClock(next, timeZone))}
        valueFormat={language === "zh" ? "YYYY年M月D日 HH:mm:ss" : "D MMM YYYY HH:mm:ss"}
        description={<Text span fz="xs" c="var(--ink-soft)">{timeZone}</Text>}
      />
    </DatesProvider>
  );
}
