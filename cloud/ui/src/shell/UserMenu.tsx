import { Avatar, Box, Menu, SegmentedControl, Text, UnstyledButton, useMantineColorScheme } from "@mantine/core";
import { IconKey, IconLogout } from "@tabler/icons-react";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { answered, api } from "../api/client";
import { useSession } from "../app/useSession";
import { useLanguage } from "../i18n/LanguageProvider";
import { lookup } from "../i18n/lookup";
import { LanguageSwitch } from "./LanguageSwitch";
import { SCHEMES, type Scheme } from "./schemes";

/** Who is logged in and the way out; on a phone it also holds the language and the appearance. */
export function UserMenu() {
  const { t } = useLanguage();
  const session = useSession();
  const queries = useQueryClient();
  const navigate = useNavigate();
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const logout = useMutation({
    mutationFn: () => answered(api.DELETE("/api/v1/session")),
    onSettled: async () => {
      await navigate({ to: "/login" });
      queries.clear();
    },
  });
  return (
    <Menu position="bottom-end" width={250} withArrow closeOnItemClick={false}>
      <Menu.Target>
        <UnstyledButton aria-label={t.user.menu} style={{ borderRadius: 99 }}>
          <Avatar color="petrol" radius="xl" size={40} variant="filled">{session.display_name.slice(0, 1)}</Avatar>
        </UnstyledButton>
      </Menu.Target>
      <Menu.Dropdown>
        <Box px="sm" py={6}>
          <Text fw={650}>{session.display_name}</Text>
          <Text fz="xs" c="var(--ink-soft)">{session.username} · {lookup(t.user.roles, session.role)}</Text>
        </Box>
        <Box hiddenFrom="sm" px="sm" pb="xs">
          <Text fz="xs" c="var(--ink-soft)" mt={6} mb={4}>{t.language.label}</Text>
          <LanguageSwitch isWide />
          <Text fz="xs" c="var(--ink-soft)" mt={10} mb={4}>{t.scheme.label}</Text>
          <SegmentedControl
            size="xs"
            fullWidth
            aria-label={t.scheme.label}
            value={colorScheme}
            onChange={(next) => setColorScheme(next as Scheme)}
            data={SCHEMES.map(({ value }) => ({ value, label: t.scheme[value] }))}
          />
        </Box>
        <Menu.Divider />
        <Menu.Item leftSection={<IconKey size={16} />} closeMenuOnClick renderRoot={(props) => <Link to="/system/tokens" {...props} />}>{t.tokens.title}</Menu.Item>
        <Menu.Item leftSection={<IconLogout size={16} />} onClick={() => logout.mutate()}>{t.user.logout}</Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
