import { Button, Group, Modal, MultiSelect, Select, Stack, Switch, Text, TextInput } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { type SubmitEvent, useState } from "react";
import { answered, api, type Schemas } from "../../../api/client";
import { useFormat } from "../../../format/useFormat";
import { useLanguage } from "../../../i18n/LanguageProvider";
import { lookup } from "../../../i18n/lookup";
import { failureText } from "../../../parts/failureText";
import css from "../Downtime.module.css";
import type { Reason } from "../reasonTree";
import { useReasonsChanged } from "../useReasonsChanged";
import { useScopes } from "./useScopes";

const CATEGORIES = ["breakdown", "setup", "waiting", "minor_stops"] as const;
const GROUP = "group";

interface ReasonDialogProps {
  /** Null for a new one. */
  reason: Reason | null;
  parent: string | null;
  reasons: Reason[];
  onClose: () => void;
}

/** All that can be said of a reason; its id never changes. */
export function ReasonDialog({ reason, parent: first, reasons, onClose }: ReasonDialogProps) {
  const { t } = useLanguage();
  const f = useFormat();
  const scopeChoices = useScopes();
  const changed = useReasonsChanged();
  const [id, setId] = useState("");
  const [zh, setZh] = useState(reason?.name.zh ?? "");
  const [en, setEn] = useState(reason?.name.en ?? "");
  const [parent, setParent] = useState<string | null>(first);
  const [category, setCategory] = useState<string>(reason === null ? (first === null ? GROUP : "breakdown") : (reason.category ?? GROUP));
  const [scopes, setScopes] = useState<string[]>(reason?.scopes ?? []);
  const [isActive, setIsActive] = useState(reason?.active ?? true);
  const save = useMutation({
    mutationFn: () => {
      const body: Schemas["ReasonIn"] = {
        parent,
        name: { zh: zh.trim(), en: en.trim() },
        category: CATEGORIES.find((known) => known === category) ?? null,
        active: isActive,
        scopes,
      };
      return reason === null
        ? answered(api.POST("/api/v1/downtime/reasons", { body: { ...body, id: id.trim() } }))
        : answered(api.PUT("/api/v1/downtime/reasons/{reason}", { params: { path: { reason: reason.id } }, body }));
    },
    onSettled: changed,
    onSuccess: onClose,
  });
  const canSend = zh.trim() !== "" && en.trim() !== "" && (reason !== null || /^[A-Za-z0-9][A-Za-z0-9_.-]*$/.test(id.trim()));
  const groups = reasons.filter((one) => one.category === null && one.id !== reason?.id);
  const submit = (event: SubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    if (canSend) save.mutate();
  };
  return (
    <Modal opened onClose={onClose} centered title={<Text fw={650} fz="lg">{reason === null ? t.reasons.addTitle : t.reasons.edit(f.name(reason.name))}</Text>} closeButtonProps={{ "aria-label": t.close }}>
      <form onSubmit={submit}>
        <Stack gap="md">
          {reason === null && <TextInput label={t.reasons.id} description={t.reasons.idHint} data-autofocus maxLength={60} value={id} onChange={(event) => setId(event.currentTarget.value)} />}
          <TextInput label={t.reasons.nameZh} maxLength={200} value={zh} onChange={(event) => setZh(event.currentTarget.value)} />
          <TextInput label={t.reasons.nameEn} maxLength={200} value={en} onChange={(event) => setEn(event.currentTarget.value)} />
          <Select label={t.reasons.group} clearable placeholder={t.reasons.noGroup} value={parent} onChange={setParent} data={groups.map((one) => ({ value: one.id, label: f.name(one.name) }))} />
          <Select
            label={t.downtime.category}
            allowDeselect={false}
            value={category}
            onChange={(next) => next !== null && setCategory(next)}
            data={[{ value: GROUP, label: t.reasons.isGroup }, ...CATEGORIES.map((value) => ({ value, label: lookup(t.losses, value) }))]}
          />
          {reason !== null && reason.category !== (CATEGORIES.find((known) => known === category) ?? null) && <p className={css.warned} role="status">{t.reasons.categoryHolds}</p>}
          <MultiSelect label={t.reasons.scopes} placeholder={scopes.length === 0 ? t.reasons.everywhere : undefined} searchable clearable value={scopes} onChange={setScopes} data={scopeChoices} />
          {reason !== null && <Switch size="md" label={t.reasons.active} description={t.reasons.activeHint} checked={isActive} onChange={(event) => setIsActive(event.currentTarget.checked)} />}
          {save.error !== null && <p className={css.refused} role="alert">{failureText(save.error, t)}</p>}
          <Group justify="flex-end">
            <Button type="submit" disabled={!canSend} loading={save.isPending}>{t.reasons.save}</Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
