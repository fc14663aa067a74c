import { Group, Title } from "@mantine/core";
import { type ReactNode, useEffect } from "react";

/** The heading of a page, with its controls beside it; it also names the browser's tab. */
export function PageHead({ title, children }: { title: string; children?: ReactNode }) {
  useEffect(() => {
    document.title = `${title} · Taktline`;
  }, [title]);
  return (
    <Group justify="space-between" align="center" gap="sm" mb="sm" wrap="wrap">
      <Title order={1} fz={{ base: 20, sm: 24 }} lh={1.2}>{title}</Title>
      {children}
    </Group>
  );
}
