import { Button, Group, Modal, Stack, Text, Textarea } from "@mantine/core";
import { type ReactNode, type SubmitEvent, useState } from "react";
import type { Schemas } from "../../api/client";
import { useLanguage } from "../../i18n/LanguageProvider";
import { failureText } from "../../parts/failureText";
import { CommandState } from "./CommandState";

const SHORTEST_REASON = 3;

interface CommandFormProps {
  title: string;
  lead: string;
  submit: string;
  canSend: boolean;
  isPending: boolean;
  error: unknown;
  command: Schemas["CommandOut"] | null;
  onSend: (reason: string) => void;
  onClose: () => void;
  children?: ReactNode;
}

/** The dialog of a command: what will happen, why it is wanted, then what became of it. */
export function CommandForm({ title, lead, submit, canSend, isPending, error, command, onSend, onClose, children }: CommandFormProps) {
  const { t } = useLanguage();
  const [reason, setReason] = useState("");
  const isReasoned = reason.trim().length >= SHORTEST_REASON;
  const send = (event: SubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    event.stopPropagation();
    if (canSend && isReasoned && command === null) onSend(reason.trim());
  };
  return (
    <Modal opened onClose={onClose} title={<Text fw={650} fz="lg">{title}</Text>} centered closeButtonProps={{ "aria-label": t.close }}>
      <form onSubmit={send}>
        <Stack gap="md">
          <Text fz="sm" c="var(--ink-soft)">{lead}</Text>
          {children}
          <Textarea
            label={t.gateways.reason}
            placeholder={t.gateways.reasonHint}
            maxLength={200}
            autosize
            minRows={2}
            required
            disabled={command !== null}
            value={reason}
            onChange={(event) => setReason(event.currentTarget.value)}
          />
          {error !== null && <Text fz="sm" c="var(--breakdown)" role="alert">{failureText(error, t)}</Text>}
          {command !== null && <div role="status"><CommandState command={command} isWhole /></div>}
          <Group justify="flex-end">
            {command === null ? (
              <Button type="submit" disabled={!canSend || !isReasoned} loading={isPending}>{submit}</Button>
            ) : (
              <Button variant="default" onClick={onClose}>{t.gateways.again}</Button>
            )}
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
