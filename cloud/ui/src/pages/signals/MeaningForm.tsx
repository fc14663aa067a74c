import { Button, Group, Modal, Stack, Text } from "@mantine/core";
import { useQueryClient, useMutation } from "@tanstack/react-query";
import { type ReactNode, type SubmitEvent, useState } from "react";
import { useFormat } from "../../format/useFormat";
import { useLanguage } from "../../i18n/LanguageProvider";
import { plantClock } from "../../live/plantClock";
import { failureText } from "../../parts/failureText";
import css from "./SignalsPage.module.css";
import { ValidFrom } from "./ValidFrom";

interface MeaningFormProps {
  title: string;
  lead?: string;
  /** What is said beside the derivation when the change holds for all of the history. */
  always?: string;
  submit: string;
  canSend: boolean;
  send: (validFrom: string | null) => Promise<unknown>;
  onClose: () => void;
  /** The fields, or what they say in short while the consequence is being confirmed. */
  children?: (isClosed: boolean) => ReactNode;
}

/** The dialog of a change: what and since when, then what follows from it, then the change. */
export function MeaningForm({ title, lead, always, submit, canSend, send, onClose, children }: MeaningFormProps) {
  const { t } = useLanguage();
  const f = useFormat();
  const queries = useQueryClient();
  const [now] = useState(() => Math.floor((plantClock.now() ?? 0) / 1000) * 1000);
  const [since, setSince] = useState<number | null>(now);
  const [isAsked, setIsAsked] = useState(false);
  const change = useMutation({
    mutationFn: () => send(since === null ? null : new Date(since).toISOString()),
    onSettled: () => queries.invalidateQueries({ queryKey: ["bindings"] }),
    onSuccess: onClose,
  });
  const go = (event: SubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    event.stopPropagation();
    if (!canSend) return;
    if (isAsked) change.mutate();
    else setIsAsked(true);
  };
  const back = () => {
    change.reset();
    setIsAsked(false);
  };
  return (
    <Modal opened onClose={onClose} title={<Text fw={650} fz="lg" style={{ overflowWrap: "anywhere" }}>{title}</Text>} centered closeButtonProps={{ "aria-label": t.close }}>
      <form onSubmit={go}>
        <Stack gap="md">
          {lead !== undefined && <Text fz="sm" c="var(--ink-soft)">{lead}</Text>}
          {children?.(isAsked)}
          {!isAsked && <ValidFrom value={since} now={now} onChange={setSince} />}
          {isAsked && (
            <p className={css.confirm} role="status">
              {since === null ? `${always ?? ""} ${t.signals.derivedAlways}`.trim() : t.signals.derivedFrom(f.dayTimeWithSeconds(since))}
            </p>
          )}
          {change.error !== null && <Text fz="sm" c="var(--breakdown)" role="alert">{failureText(change.error, t)}</Text>}
          <Group justify="flex-end">
            {isAsked && <Button variant="default" onClick={back}>{t.signals.before}</Button>}
            <Button type="submit" disabled={!canSend} loading={change.isPending}>{isAsked ? submit : t.signals.next}</Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
