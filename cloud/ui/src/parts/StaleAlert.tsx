import { Alert, Button, Group, Text } from "@mantine/core";
import { IconAlertTriangle } from "@tabler/icons-react";
import { useLanguage } from "../i18n/LanguageProvider";
import { failureText } from "./failureText";

/** Above content that is still there but could not be brought up to date. */
export function StaleAlert({ error, onRetry }: { error: unknown; onRetry: () => void }) {
  const { t } = useLanguage();
  return (
    <Alert color="orange" variant="light" icon={<IconAlertTriangle size={18} />} mb="md" py="xs" role="alert">
      <Group justify="space-between" gap="xs">
        <Text fz="sm">{t.failure.stale} {failureText(error, t)}</Text>
        <Button size="compact-sm" variant="default" onClick={onRetry}>{t.failure.retry}</Button>
      </Group>
    </Alert>
  );
}
