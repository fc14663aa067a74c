import { Button, Group, Modal, Select, Skeleton, Stack, Text, TextInput } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { type SubmitEvent, useState } from "react";
import { answered, api, type Schemas } from "../../api/client";
import { tokenRolesQuery } from "../../api/queries";
import { useFormat } from "../../format/useFormat";
import { useLanguage } from "../../i18n/LanguageProvider";
import { lookup } from "../../i18n/lookup";
import { failureText } from "../../parts/failureText";
import { Loaded } from "../../parts/Loaded";
import { SecretShown } from "./SecretShown";

const DAYS = [7, 30, 90, 365, 730] as const;
const DAY_MS = 86_400_000;

/** Makes a token, then shows its secret this once: the dialog closes only on purpose. */
export function TokenDialog({ onClose }: { onClose: () => void }) {
  const { t } = useLanguage();
  const roles = useQuery(tokenRolesQuery);
  const queries = useQueryClient();
  const make = useMutation({
    mutationFn: (body: Schemas["ApiTokenIn"]) => answered(api.POST("/api/v1/tokens", { body })),
    onSettled: () => queries.invalidateQueries({ queryKey: ["tokens"] }),
  });
  const made = make.data;
  return (
    <Modal
      opened
      onClose={onClose}
      centered
      closeOnClickOutside={made === undefined}
      closeOnEscape={made === undefined}
      withCloseButton={made === undefined}
      closeButtonProps={{ "aria-label": t.close }}
      title={<Text fw={650} fz="lg">{made === undefined ? t.tokens.make : t.tokens.madeTitle(made.token.name)}</Text>}
    >
      {made !== undefined ? (
        <SecretShown secret={made.secret} onDone={onClose} />
      ) : (
        <Loaded query={roles} skeleton={<Skeleton h={230} radius={8} />}>
          {(possible) => <TokenForm roles={possible} isPending={make.isPending} error={make.error} onSend={make.mutate} />}
        </Loaded>
      )}
    </Modal>
  );
}

interface TokenFormProps {
  roles: Schemas["TokenRole"][];
  isPending: boolean;
  error: unknown;
  onSend: (wanted: Schemas["ApiTokenIn"]) => void;
}

function TokenForm({ roles, isPending, error, onSend }: TokenFormProps) {
  const { t } = useLanguage();
  const f = useFormat();
  const byReach = [...roles].sort((a, b) => a.reads.length - b.reads.length);
  const [name, setName] = useState("");
  // What reads least is proposed: a dashboard seldom needs more.
  const [role, setRole] = useState(byReach[0]?.role ?? null);
  const [days, setDays] = useState(90);
  const [now] = useState(() => Date.now());
  const reads = roles.find((one) => one.role === role)?.reads ?? [];
  const canSend = name.trim() !== "" && role !== null;
  const send = (event: SubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    if (canSend) onSend({ name: name.trim(), role, days });
  };
  return (
    <form onSubmit={send}>
      <Stack gap="md">
        <TextInput
          label={t.tokens.name}
          placeholder={t.tokens.nameHint}
          data-autofocus
          maxLength={100}
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
        />
        <Select
          label={t.tokens.role}
          description={t.tokens.readsOnly(reads.map((each) => lookup(t.tokens.reads, each)).join(t.tokens.and))}
          inputWrapperOrder={["label", "input", "description", "error"]}
          allowDeselect={false}
          value={role}
          onChange={setRole}
          data={byReach.map((one) => ({ value: one.role, label: lookup(t.user.roles, one.role) }))}
        />
        <Select
          label={t.tokens.days}
          description={t.tokens.until(f.date(now + days * DAY_MS))}
          inputWrapperOrder={["label", "input", "description", "error"]}
          allowDeselect={false}
          value={String(days)}
          onChange={(next) => setDays(Number(next ?? days))}
          data={DAYS.map((count) => ({ value: String(count), label: t.tokens.spans[count] }))}
        />
        {error !== null && <Text fz="sm" c="var(--breakdown)" role="alert">{failureText(error, t)}</Text>}
        <Group justify="flex-end">
          <Button type="submit" disabled={!canSend} loading={isPending}>{t.tokens.makeIt}</Button>
        </Group>
      </Stack>
    </form>
  );
}
