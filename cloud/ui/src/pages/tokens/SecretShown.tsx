import { Button, Group, Stack, Text, TextInput } from "@mantine/core";
import { IconCheck, IconCopy } from "@tabler/icons-react";
import { useRef, useState } from "react";
import { useLanguage } from "../../i18n/LanguageProvider";
import { copied } from "../../parts/copied";
import table from "../../parts/Table.module.css";
import css from "./TokensPage.module.css";

/** The secret of a new token, to be copied now: nobody can show it again. */
export function SecretShown({ secret, onDone }: { secret: string; onDone: () => void }) {
  const { t } = useLanguage();
  const field = useRef<HTMLInputElement>(null);
  const [isCopied, setIsCopied] = useState<boolean | null>(null);
  const copy = async () => setIsCopied(await copied(secret, field.current));
  return (
    <Stack gap="md">
      <p className={css.once} role="status">{t.tokens.once}</p>
      <div className={css.secret}>
        <TextInput
          ref={field}
          aria-label={t.tokens.secret}
          readOnly
          data-autofocus
          classNames={{ input: table.mono }}
          value={secret}
          onFocus={(event) => event.currentTarget.select()}
        />
        <Button leftSection={isCopied === true ? <IconCheck size={16} /> : <IconCopy size={16} />} onClick={() => void copy()}>
          {isCopied === true ? t.tokens.copied : t.tokens.copy}
        </Button>
      </div>
      {isCopied === false && <Text fz="sm" c="var(--starved)" role="alert">{t.tokens.notCopied}</Text>}
      <div>
        <Text fz="sm" c="var(--ink-soft)">{t.tokens.use}</Text>
        <pre className={`${css.code} ${table.mono}`}>{`Authorization: Bearer ${secret.slice(0, 8)}…`}</pre>
      </div>
      <Group justify="flex-end"><Button variant="default" onClick={onDone}>{t.tokens.done}</Button></Group>
    </Stack>
  );
}
