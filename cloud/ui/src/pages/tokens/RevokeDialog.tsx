import { Button, Group, Modal, Stack, Text } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { answered, api, type Schemas } from "../../api/client";
import { useFormat } from "../../format/useFormat";
import { useLanguage } from "../../i18n/LanguageProvider";
import { failureText } from "../../parts/failureText";

/** Revokes a token after saying what stops then. */
export function RevokeDialog({ token, onClose }: { token: Schemas["ApiTokenOut"]; onClose: () => void }) {
  const { t } = useLanguage();
  const f = useFormat();
  const queries = useQueryClient();
  const revoke = useMutation({
    mutationFn: () => answered(api.POST("/api/v1/tokens/{number}/revoke", { params: { path: { number: token.id } } })),
    onSettled: () => queries.invalidateQueries({ queryKey: ["tokens"] }),
    onSuccess: onClose,
  });
  return (
    <Modal
      opened
      onClose={onClose}
      centered
      closeButtonProps={{ "aria-label": t.close }}
      title={<Text fw={650} fz="lg" style={{ overflowWrap: "anywhere" }}>{t.tokens.revokeOf(token.name)}</Text>}
    >
      <Stack gap="md">
        <Text fz="sm">{t.tokens.revokeLead}</Text>
        <Text fz="sm" c="var(--ink-soft)">{token.used_at === null ? t.tokens.notUsed : t.tokens.usedAt(f.dateTime(token.used_at))}</Text>
        {revoke.error !== null && <Text fz="sm" c="var(--breakdown)" role="alert">{failureText(revoke.error, t)}</Text>}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>{t.tokens.keep}</Button>
          <Button color="red" data-autofocus loading={revoke.isPending} onClick={() => revoke.mutate()}>{t.tokens.revokeIt}</Button>
        </Group>
      </Stack>
    </Modal>
  );
}
