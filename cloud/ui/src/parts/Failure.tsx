import { Button, Stack, Text } from "@mantine/core";
import { IconPlugConnectedX, IconRefresh } from "@tabler/icons-react";
import { useLanguage } from "../i18n/LanguageProvider";
import { failureText } from "./failureText";

/** Instead of content that could not be loaded at all. */
export function Failure({ error, onRetry }: { error: unknown; onRetry: () => void }) {
  const { t } = useLanguage();
  return (
    <Stack align="center" gap="xs" py={64} px="md" role="alert">
      <IconPlugConnectedX size={40} stroke={1.4} color="var(--ink-faint)" aria-hidden />
      <Text fw={650} fz="lg">{t.failure.title}</Text>
      <Text c="var(--ink-soft)" ta="center" maw={440}>{failureText(error, t)}</Text>
      <Button mt="sm" variant="default" leftSection={<IconRefresh size={16} />} onClick={onRetry}>
        {t.failure.retry}
      </Button>
    </Stack>
  );
}
