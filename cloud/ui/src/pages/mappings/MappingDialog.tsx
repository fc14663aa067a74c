import { Button, Group, Modal, SegmentedControl, Stack, Text, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type SubmitEvent, useState } from "react";
import { answered, api, type Schemas } from "../../api/client";
import { useLanguage } from "../../i18n/LanguageProvider";
import { plantClock } from "../../live/plantClock";
import { PlantTimePicker } from "../../parts/PlantTimePicker";
import { AddressField } from "./AddressField";
import { ConversionFields } from "./ConversionFields";
import { JoinPreview } from "./JoinPreview";
import { type Draft, isAddress, LEVELS, mappingOf } from "./mapping";
import { MappingFault } from "./MappingFault";
import { usePlan } from "./usePlan";

/** A new mapping: which two addresses, since when, how old values read; then what it would join, then the mapping. */
export function MappingDialog({ onClose }: { onClose: () => void }) {
  const { t } = useLanguage();
  const queries = useQueryClient();
  const [draft, setDraft] = useState<Draft>(emptyDraft);
  const put = (part: Partial<Draft>) => setDraft((now) => ({ ...now, ...part }));
  const isAhead = draft.sinceMs > (plantClock.now() ?? Number.POSITIVE_INFINITY);
  const body = isAhead ? null : mappingOf(draft);
  const plan = usePlan(body);
  const make = useMutation({
    mutationFn: (wanted: Schemas["TagMappingIn"]) => answered(api.POST("/api/v1/history/mappings", { body: wanted })),
    onSuccess: async () => {
      onClose();
      await Promise.all([queries.invalidateQueries({ queryKey: ["history"] }), queries.invalidateQueries({ queryKey: ["bindings"] })]);
    },
  });
  const canSend = body !== null && plan.isCurrent;
  const send = (event: SubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    if (canSend) make.mutate(body);
  };
  const isSame = draft.old.trim() !== "" && draft.old.trim() === draft.new.trim() && draft.conversion === "none";
  return (
    <Modal opened onClose={onClose} size="xl" title={<Text fw={650} fz="lg">{t.mappings.make}</Text>} closeButtonProps={{ "aria-label": t.close }}>
      <form onSubmit={send}>
        <Stack gap="md">
          <div>
            <SegmentedControl
              fullWidth
              aria-label={t.mappings.level}
              value={draft.level}
              onChange={(next) => put({ level: LEVELS.find((known) => known === next) ?? "gateway", conversion: "none" })}
              data={LEVELS.map((value) => ({ value, label: t.mappings.levels[value] }))}
            />
            <Text fz="sm" c="var(--ink-soft)" mt={6}>{t.mappings.levelHints[draft.level]}</Text>
          </div>
          <AddressField level={draft.level} label={t.mappings.old} value={draft.old} error={fault(draft.old)} onChange={(old) => put({ old })} />
          <AddressField level={draft.level} label={t.mappings.new} value={draft.new} error={fault(draft.new) ?? (isSame ? t.mappings.sameNeeds : undefined)} onChange={(next) => put({ new: next })} />
          <PlantTimePicker label={t.mappings.since} value={draft.sinceMs} error={isAhead ? t.mappings.ahead : undefined} onChange={(sinceMs) => put({ sinceMs })} />
          {draft.level === "signal" && <ConversionFields draft={draft} onChange={put} />}
          <TextInput label={t.mappings.note} placeholder={t.mappings.noteHint} maxLength={300} value={draft.note} onChange={(event) => put({ note: event.currentTarget.value })} />
          {body !== null && <JoinPreview plan={plan} />}
          {make.error !== null && <MappingFault error={make.error} />}
          <Group justify="flex-end">
            <Button type="submit" disabled={!canSend} loading={make.isPending}>{t.mappings.makeIt}</Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );

  function fault(address: string): string | undefined {
    return address.trim() === "" || isAddress(draft.level, address) ? undefined : t.mappings.forms[draft.level];
  }
}

function emptyDraft(): Draft {
  const now = Math.floor((plantClock.now() ?? 0) / 1000) * 1000;
  return { level: "gateway", old: "", new: "", sinceMs: now, conversion: "none", scale: 1, offset: 0, rows: [{ was: "", now: "" }], note: "" };
}
