import { Alert, Button, PasswordInput, Stack, Text, TextInput, Title } from "@mantine/core";
import { IconAlertCircle } from "@tabler/icons-react";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useRouter, useSearch } from "@tanstack/react-router";
import { type SubmitEvent, useEffect, useState } from "react";
import { answered, api } from "../../api/client";
import { sessionQuery } from "../../api/queries";
import { useLanguage } from "../../i18n/LanguageProvider";
import { Problem } from "../../api/problem";
import { failureText } from "../../parts/failureText";

export function LoginForm({ className }: { className?: string }) {
  const { t } = useLanguage();
  const { back } = useSearch({ from: "/login" });
  const router = useRouter();
  const queries = useQueryClient();
  const [username, setUsername] = useState("");
  const [password, setPassword] = useState("");
  const login = useMutation({
    mutationFn: () => answered(api.POST("/api/v1/session", { body: { username: username.trim(), password } })),
    onSuccess: (session) => {
      // Somebody else may have been here before: nothing of theirs may be shown.
      queries.clear();
      queries.setQueryData(sessionQuery.queryKey, session);
      router.history.push(back ?? "/");
    },
  });
  useEffect(() => {
    document.title = `${t.login.title} · Taktline`;
  }, [t]);
  const submit = (event: SubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    login.mutate();
  };
  // On this form a 401 never means an ended session, whatever code it bears.
  const error = login.error instanceof Problem && login.error.status === 401 ? new Problem(401, "wrong_credentials") : login.error;
  return (
    <form className={className} onSubmit={submit}>
      <Stack gap="md">
        <div>
          <Title order={1} fz={28}>{t.login.title}</Title>
          <Text c="var(--ink-soft)" mt={4}>{t.brand.claim}</Text>
        </div>
        {error !== null && (
          <Alert color="red" variant="light" role="alert" icon={<IconAlertCircle size={18} />}>{failureText(error, t)}</Alert>
        )}
        <TextInput
          label={t.login.username}
          name="username"
          autoComplete="username"
          autoCapitalize="none"
          autoFocus
          required
          withAsterisk={false}
          size="md"
          value={username}
          onChange={(event) => setUsername(event.currentTarget.value)}
        />
        <PasswordInput
          label={t.login.password}
          name="password"
          autoComplete="current-password"
          required
          withAsterisk={false}
          size="md"
          value={password}
          onChange={(event) => setPassword(event.currentTarget.value)}
        />
        <Button type="submit" size="md" mt="xs" loading={login.isPending} fullWidth>{t.login.submit}</Button>
      </Stack>
    </form>
  );
}
