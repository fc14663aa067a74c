import { SimpleGrid, Skeleton, Stack } from "@mantine/core";

export function LiveSkeleton() {
  const tiles = [0, 1, 2, 3];
  return (
    <Stack gap="lg">
      <SimpleGrid cols={{ base: 2, md: 4 }} spacing="md">
        {tiles.map((n) => <Skeleton key={n} h={92} radius={12} />)}
      </SimpleGrid>
      {[0, 1].map((row) => (
        <Stack key={row} gap="sm">
          <Skeleton h={24} w={220} />
          <SimpleGrid cols={{ base: 1, sm: 2, lg: 4 }} spacing="md">
            {tiles.map((n) => <Skeleton key={n} h={246} radius={12} />)}
          </SimpleGrid>
        </Stack>
      ))}
    </Stack>
  );
}
