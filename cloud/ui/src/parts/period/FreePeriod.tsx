import "@mantine/dates/styles.css";
import "dayjs/locale/zh-cn";
import { Button, Stack, Text } from "@mantine/core";
import { DatesProvider, DateTimePicker } from "@mantine/dates";
import { useState } from "react";
import { fromWallClock, wallClock } from "../../format/plantTime";
import { useFormat } from "../../format/useFormat";
import { useLanguage } from "../../i18n/LanguageProvider";
import { plantClock } from "../../live/plantClock";
import { type Stretch, wrongStretch } from "./stretch";

const HOUR_MS = 3_600_000;

interface FreePeriodProps {
  /** What stands in the pickers at first; without it the last four hours. */
  window: Stretch | null;
  longestDays?: number | undefined;
  onApply: (window: Stretch) => void;
}

/** Both ends of a window on the plant's own wall clock; carries the date library, so it is imported lazily. */
export default function FreePeriod({ window, longestDays, onApply }: FreePeriodProps) {
  const { t, language } = useLanguage();
  const { timeZone, integer } = useFormat();
  const [to, setTo] = useState(() => wallClock(window === null ? onTheHour() : Date.parse(window.end), timeZone));
  const [from, setFrom] = useState(() => wallClock(window === null ? onTheHour() - 4 * HOUR_MS : Date.parse(window.start), timeZone));
  const [start, end] = [fromWallClock(from, timeZone), fromWallClock(to, timeZone)];
  const wrong = wrongStretch(start, end, longestDays);
  const shape = language === "zh" ? "YYYY年M月D日 HH:mm" : "D MMM YYYY HH:mm";
  return (
    <DatesProvider settings={{ locale: language === "zh" ? "zh-cn" : "en", firstDayOfWeek: 1 }}>
      <Stack gap="sm" w={270}>
        <DateTimePicker label={t.period.from} value={from} onChange={(next) => next !== null && setFrom(next)} valueFormat={shape} popoverProps={{ withinPortal: false }} />
        <DateTimePicker label={t.period.to} value={to} onChange={(next) => next !== null && setTo(next)} valueFormat={shape} popoverProps={{ withinPortal: false }} />
        {wrong !== null && <Text fz="sm" c="var(--breakdown)" role="alert">{wrong === "order" ? t.period.wrongOrder : t.period.tooLong(integer(longestDays ?? 0))}</Text>}
        <Text fz="xs" c="var(--ink-soft)">{timeZone}</Text>
        <Button disabled={wrong !== null} onClick={() => onApply({ start: new Date(start).toISOString(), end: new Date(end).toISOString() })}>
          {t.period.apply}
        </Button>
      </Stack>
    </DatesProvider>
  );
}

function onTheHour(): number {
  return Math.floor((plantClock.now() ?? 0) / HOUR_MS) * HOUR_MS;
}
