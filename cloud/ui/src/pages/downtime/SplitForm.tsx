import { ActionIcon, Button, Slider, TextInput } from "@mantine/core";
import { IconCut, IconMinus, IconPlus } from "@tabler/icons-react";
import { useState } from "react";
import { answered, api } from "../../api/client";
import { useFormat } from "../../format/useFormat";
import { useLanguage } from "../../i18n/LanguageProvider";
import { failureText } from "../../parts/failureText";
import { clockInside } from "./clockInside";
import css from "./Downtime.module.css";
import type { Stop } from "./reasonTree";
import { Fold } from "./Fold";
import { useStopAction } from "./useStopAction";

const MINUTE_MS = 60_000;

/** Cuts a stop in two at a time that is dragged, stepped or typed. */
export function SplitForm({ stop, onDone }: { stop: Stop; onDone: (number: number | null) => void }) {
  const { t } = useLanguage();
  const f = useFormat();
  const [start, end] = [Date.parse(stop.start), Date.parse(stop.end)];
  const [chosen, setAt] = useState<number | null>(null);
  const [typed, setTyped] = useState<string | null>(null);
  // A stop that was split is shorter now: where it was cut is none of its times any more.
  const at = chosen !== null && (typed !== null || (start < chosen && chosen < end)) ? chosen : Math.round((start + end) / 2 / 1000) * 1000;
  const split = useStopAction(
    (ms: number) => answered(api.POST("/api/v1/downtime/split", { body: { machine: stop.machine, at: new Date(ms).toISOString() } })),
    ({ numbers }) => {
      setTyped(null);
      onDone(numbers[0] ?? null);
    },
  );
  const isTyped = typed === null || clockInside(typed, start, end, f.timeZone) !== null;
  const isRight = isTyped && start < at && at < end;
  const put = (ms: number) => {
    setTyped(null);
    setAt(Math.min(Math.max(ms, start + 1000), end - 1000));
  };
  const type = (text: string) => {
    setTyped(text);
    const found = clockInside(text, start, end, f.timeZone);
    if (found !== null) setAt(found);
  };
  return (
    <Fold title={t.downtime.split}>
      <p className={css.hint}>{t.downtime.splitLead}</p>
      <Slider
        label={null}
        thumbLabel={t.downtime.splitAt}
        size="lg"
        thumbSize={30}
        min={start}
        max={end}
        step={1000}
        value={Math.min(Math.max(at, start), end)}
        onChange={put}
        my="md"
      />
      <div className={css.cut}>
        <ActionIcon variant="default" size={48} aria-label={t.downtime.splitEarlier} onClick={() => put(at - MINUTE_MS)}><IconMinus size={20} /></ActionIcon>
        <TextInput
          aria-label={t.downtime.splitAt}
          size="lg"
          inputMode="numeric"
          className={css.grow}
          styles={{ input: { textAlign: "center", fontVariantNumeric: "tabular-nums" } }}
          value={typed ?? f.timeWithSeconds(at)}
          onChange={(event) => type(event.currentTarget.value)}
          error={!isRight}
        />
        <ActionIcon variant="default" size={48} aria-label={t.downtime.splitLater} onClick={() => put(at + MINUTE_MS)}><IconPlus size={20} /></ActionIcon>
      </div>
      <p className={`${css.parts} tabular`}>
        {isRight ? (
          <>
            <span>{f.timeWithSeconds(start)} – {f.timeWithSeconds(at)} · <b>{f.duration((at - start) / 1000)}</b></span>
            <span>{f.timeWithSeconds(at)} – {f.timeWithSeconds(end)} · <b>{f.duration((end - at) / 1000)}</b></span>
          </>
        ) : (
          <span className={css.missing}>{t.downtime.splitWrong}</span>
        )}
      </p>
      {split.error !== null && <p className={css.refused} role="alert">{failureText(split.error, t)}</p>}
      <Button fullWidth size="md" variant="light" leftSection={<IconCut size={18} />} disabled={!isRight} loading={split.isPending} onClick={() => split.mutate(at)}>
        {t.downtime.splitDo(f.timeWithSeconds(at))}
      </Button>
    </Fold>
  );
}
