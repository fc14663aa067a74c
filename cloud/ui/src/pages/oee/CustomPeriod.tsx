import "@mantine/dates/styles.css";
import "dayjs/locale/zh-cn";
import { Button, Stack, Text } from "@mantine/core";
import { DatesProvider, DateTimePicker } from "@mantine/dates";
import { useState } from "react";
import type { OeeAsked } from "../../api/queries";
import { fromWallClock, wallClock } from "../../format/plantTime";
import { useFormat } from "../../format/useFormat";
import { useLanguage } from "../../i18n/LanguageProvider";
import { plantClock } from "../../live/plantClock";

const HOUR_MS = 3_600_000;

interface CustomPeriodProps {
  asked: OeeAsked;
  onApply: (window: { start: string; end: string }) => void;
}

/** Both ends of a window on the plant's own wall clock; carries the date library, so it is imported lazily. */
export default function CustomPeriod({ asked, onApply }: CustomPeriodProps) {
  const { t, language } = useLanguage();
  const { timeZone } = useFormat();
  const [to, setTo] = useState(() => wallClock(asked.end === undefined ? onTheHour() : Date.parse(asked.end), timeZone));
  const [from, setFrom] = useState(() =>
    wallClock(asked.start === undefined ? onTheHour() - 4 * HOUR_MS : Date.parse(asked.start), timeZone),
  );
  const [start, end] = [fromWallClock(from, timeZone), fromWallClock(to, timeZone)];
  const isWrong = !(start < end);
  const shape = language === "zh" ? "YYYY年M月D日 HH:mm" : "D MMM YYYY HH:mm";
  return (
    <DatesProvider settings={{ locale: language === "zh" ? "zh-cn" : "en", firstDayOfWeek: 1 }}>
      <Stack gap="sm" w={270}>
        <DateTimePicker label={t.oee.from} value={from} onChange={(next) => next !== null && setFrom(next)} valueFormat={shape} popoverProps={{ withinPortal: false }} />
        <DateTimePicker label={t.oee.to} value={to} onChange={(next) => next !== null && setTo(next)} valueFormat={shape} popoverProps={{ withinPortal: false }} />
        {isWrong && <Text fz="sm" c="var(--breakdown)" role="alert">{t.oee.wrongWindow}</Text>}
        <Text fz="xs" c="var(--ink-soft)">{timeZone}</Text>
        <Button disabled={isWrong} onClick={() => onApply({ start: new Date(start).toISOString(), end: new Date(end).toISOString() })}>
          {t.oee.apply}
        </Button>
      </Stack>
    </DatesProvider>
  );
}

function onTheHour(): number {
  return Math.floor((plantClock.now() ?? 0) / HOUR_MS) * HOUR_MS;
}
