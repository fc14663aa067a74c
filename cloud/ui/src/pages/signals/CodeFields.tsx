import { ActionIcon, Button, Input, Select, Stack, TextInput } from "@mantine/core";
import { IconPlus, IconTrash } from "@tabler/icons-react";
import { useLanguage } from "../../i18n/LanguageProvider";
import { NO_REASON, useMeanings } from "../downtime/useMeanings";
import css from "./SignalsPage.module.css";
import { type CodeRow, codeMapOf } from "./sources";

interface CodeFieldsProps {
  role: string;
  /** Whose reasons may be meant; null when nobody said yet. */
  machine: string | null;
  rows: CodeRow[];
  onChange: (rows: CodeRow[]) => void;
}

/** Which number of a machine means which state or reason; "unobserved" is no machine's to say. */
export function CodeFields({ role, machine, rows, onChange }: CodeFieldsProps) {
  const { t } = useLanguage();
  const { choices } = useMeanings();
  const meanings = choices(role, machine);
  const put = (at: number, part: Partial<CodeRow>) => onChange(rows.map((row, index) => (index === at ? { ...row, ...part } : row)));
  const isWrong = rows.every(({ code }) => code !== "") && codeMapOf(rows) === null;
  return (
    <Input.Wrapper label={role === "reason" ? t.signals.reasonCodes : t.signals.codeMap} labelElement="div" error={isWrong ? t.signals.wrongCodes : undefined}>
      <Stack gap={6} mt={4}>
        {rows.map(({ code, state }, at) => (
          <div className={css.codeRow} key={at}>
            <TextInput aria-label={t.signals.codeOf(at + 1)} placeholder={t.signals.code} inputMode="numeric" value={code} onChange={(event) => put(at, { code: event.currentTarget.value })} />
            <Select aria-label={t.signals.stateOf(at + 1)} data={meanings} searchable={role === "reason"} allowDeselect={false} value={state} onChange={(next) => next !== null && put(at, { state: next })} />
            <ActionIcon variant="subtle" color="gray" aria-label={t.signals.removeCode(at + 1)} disabled={rows.length === 1} onClick={() => onChange(rows.filter((_, index) => index !== at))}>
              <IconTrash size={16} />
            </ActionIcon>
          </div>
        ))}
          <Button variant="subtle" size="compact-sm" leftSection={<IconPlus size={14} />} style={{ alignSelf: "start" }} onClick={() => onChange([...rows, { code: "", state: firstMeaning(role) }])}>
            {t.signals.addCode}
          </Button>
      </Stack>
    </Input.Wrapper>
  );
}

/** What a new code means before somebody chooses. */
export function firstMeaning(role: string): string {
  return role === "reason" ? NO_REASON : "running";
}
