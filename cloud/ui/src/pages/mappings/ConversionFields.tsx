import { ActionIcon, Button, Input, NumberInput, SegmentedControl, Stack, Text, TextInput } from "@mantine/core";
import { IconPlus, IconTrash } from "@tabler/icons-react";
import { useLanguage } from "../../i18n/LanguageProvider";
import { CONVERSIONS, type Draft, type ValueRow } from "./mapping";
import css from "./MappingsPage.module.css";

interface ConversionFieldsProps {
  draft: Draft;
  onChange: (part: Partial<Draft>) => void;
}

/** How values of the old address read today: as they are, by a factor, or by a table. */
export function ConversionFields({ draft, onChange }: ConversionFieldsProps) {
  const { t } = useLanguage();
  const c = t.mappings.conversions;
  const number = (value: string | number) => (value === "" ? "" : Number(value));
  return (
    <Stack gap="sm">
      <Input.Wrapper label={c.label} labelElement="div">
        <SegmentedControl
          fullWidth
          aria-label={c.label}
          value={draft.conversion}
          onChange={(next) => onChange({ conversion: CONVERSIONS.find((known) => known === next) ?? "none" })}
          data={CONVERSIONS.map((value) => ({ value, label: c[value] }))}
        />
      </Input.Wrapper>
      {draft.conversion === "linear" && (
        <>
          <div className={css.pair}>
            <NumberInput label={c.scale} value={draft.scale} error={draft.scale === 0 ? c.wrongScale : undefined} onChange={(value) => onChange({ scale: number(value) })} />
            <NumberInput label={c.offset} value={draft.offset} onChange={(value) => onChange({ offset: number(value) })} />
          </div>
          <Text fz="sm" c="var(--ink-soft)">{c.linearHint}</Text>
        </>
      )}
      {draft.conversion === "table" && <ValueTable rows={draft.rows} onChange={(rows) => onChange({ rows })} />}
    </Stack>
  );
}

function ValueTable({ rows, onChange }: { rows: ValueRow[]; onChange: (rows: ValueRow[]) => void }) {
  const { t } = useLanguage();
  const c = t.mappings.conversions;
  const put = (at: number, part: Partial<ValueRow>) => onChange(rows.map((row, index) => (index === at ? { ...row, ...part } : row)));
  return (
    <Stack gap={6}>
      {rows.map(({ was, now }, at) => (
        <div className={css.valueRow} key={at}>
          <TextInput aria-label={c.wasOf(at + 1)} placeholder={c.was} value={was} onChange={(event) => put(at, { was: event.currentTarget.value })} />
          <span aria-hidden>→</span>
          <TextInput aria-label={c.nowOf(at + 1)} placeholder={c.now} value={now} onChange={(event) => put(at, { now: event.currentTarget.value })} />
          <ActionIcon variant="subtle" color="gray" aria-label={c.removeOf(at + 1)} disabled={rows.length === 1} onClick={() => onChange(rows.filter((_, index) => index !== at))}>
            <IconTrash size={16} />
          </ActionIcon>
        </div>
      ))}
      <Button variant="subtle" size="compact-sm" leftSection={<IconPlus size={14} />} style={{ alignSelf: "start" }} onClick={() => onChange([...rows, { was: "", now: "" }])}>
        {c.addRow}
      </Button>
      <Text fz="sm" c="var(--ink-soft)">{c.tableHint}</Text>
    </Stack>
  );
}
