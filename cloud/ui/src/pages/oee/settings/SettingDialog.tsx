import { Button, Group, Modal, Stack, Text } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import type { ReactNode, SubmitEvent } from "react";
import { useLanguage } from "../../../i18n/LanguageProvider";
import { failureText } from "../../../parts/failureText";
import { useStandardsChanged } from "./useStandardsChanged";

interface SettingDialogProps {
  title: string;
  hint?: string;
  submit: string;
  canSend: boolean;
  send: () => Promise<unknown>;
  onClose: () => void;
  children: ReactNode;
}

/** A form in a dialog that changes one standard; a refusal is said in it, and it closes when the change holds. */
export function SettingDialog({ title, hint, submit, canSend, send, onClose, children }: SettingDialogProps) {
  const { t } = useLanguage();
  const changed = useStandardsChanged();
  const change = useMutation({
    mutationFn: async () => {
      await send();
      await changed();
    },
    onSuccess: onClose,
  });
  const submitted = (event: SubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    if (canSend) change.mutate();
  };
  return (
    <Modal opened onClose={onClose} centered size="lg" closeButtonProps={{ "aria-label": t.close }} title={<Text fw={650} fz="lg" style={{ overflowWrap: "anywhere" }}>{title}</Text>}>
      <form onSubmit={submitted}>
        <Stack gap="md">
          {children}
          {hint !== undefined && <Text fz="sm" c="var(--ink-soft)">{hint}</Text>}
          {change.error !== null && <Text fz="sm" c="var(--breakdown)" role="alert">{failureText(change.error, t)}</Text>}
          <Group justify="flex-end">
            <Button type="submit" disabled={!canSend} loading={change.isPending}>{submit}</Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
