import { Stack, Text } from "@mantine/core";
import type { Icon } from "@tabler/icons-react";

/** What a list says when there is nothing in it. */
export function Empty({ icon: Shape, title, hint }: { icon: Icon; title: string; hint?: string }) {
  return (
    <Stack align="center" gap={6} py={56} px="md">
      <Shape size={36} stroke={1.3} color="var(--ink-faint)" aria-hidden />
      <Text fw={600}>{title}</Text>
      {hint !== undefined && <Text c="var(--ink-soft)" fz="sm" ta="center">{hint}</Text>}
    </Stack>
  );
}
