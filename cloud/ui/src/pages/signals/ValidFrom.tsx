import "@mantine/dates/styles.css";
import "dayjs/locale/zh-cn";
import { Input, SegmentedControl, Text } from "@mantine/core";
import { DatesProvider, DateTimePicker } from "@mantine/dates";
import { fromWallClock, wallClock } from "../../format/plantTime";
import { useFormat } from "../../format/useFormat";
import { useLanguage } from "../../i18n/LanguageProvider";

interface ValidFromProps {
  /** Milliseconds since the epoch, null for all of the history. */
  value: number | null;
  /** What stands in the field at first. */
  now: number;
  onChange: (value: number | null) => void;
}

/** Since when a meaning holds, on the plant's own wall clock. */
export function ValidFrom({ value, now, onChange }: ValidFromProps) {
  const { t, language } = useLanguage();
  const { timeZone } = useFormat();
  return (
    <DatesProvider settings={{ locale: language === "zh" ? "zh-cn" : "en", firstDayOfWeek: 1 }}>
      <Input.Wrapper label={t.signals.validity} labelElement="div">
        <SegmentedControl
          fullWidth
          aria-label={t.signals.validity}
          value={value === null ? "always" : "from"}
          onChange={(next) => onChange(next === "always" ? null : now)}
          data={[{ value: "from", label: t.signals.from }, { value: "always", label: t.signals.always }]}
        />
      </Input.Wrapper>
      {value !== null && (
        <DateTimePicker
          label={t.signals.at}
          withSeconds
          value={wallClock(value, timeZone)}
          onChange={(next) => next !== null && onChange(fromWallClock(next, timeZone))}
          valueFormat={language === "zh" ? "YYYY年M月D日 HH:mm:ss" : "D MMM YYYY HH:mm:ss"}
          description={<Text span fz="xs" c="var(--ink-soft)">{timeZone}</Text>}
        />
      )}
    </DatesProvider>
  );
}
