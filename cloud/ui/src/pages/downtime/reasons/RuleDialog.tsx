import { Button, Group, Modal, MultiSelect, NumberInput, Select, Stack, Switch, Text, TextInput } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { type SubmitEvent, useState } from "react";
import { answered, api, type Schemas } from "../../../api/client";
import { useLanguage } from "../../../i18n/LanguageProvider";
import { lookup } from "../../../i18n/lookup";
import { plantClock } from "../../../live/plantClock";
import { failureText } from "../../../parts/failureText";
import { STATES } from "../../../parts/states";
import css from "../Downtime.module.css";
import { useMeanings } from "../useMeanings";
import { useReasonsChanged } from "../useReasonsChanged";
import own from "./Reasons.module.css";
import { RulePreview } from "./RulePreview";
import { useScopes } from "./useScopes";

type Draft = Omit<Schemas["RuleIn"], "reason"> & { reason: string | null };

const ASKED_OF = STATES.filter((state) => state !== "running" && state !== "unobserved");
const DAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"] as const;
const CLOCK = /^([01]\d|2[0-3]):[0-5]\d$/;

/** A rule, what it would do to the stops of the last days, and since when it is to hold. */
export function RuleDialog({ rule, onClose }: { rule: Schemas["RuleOut"] | null; onClose: () => void }) {
  const { t } = useLanguage();
  const { choices } = useMeanings();
  const scopes = useScopes();
  const changed = useReasonsChanged();
  const [draft, setDraft] = useState<Draft>(() => rule ?? { reason: null, active: true, scopes: [], states: [], products: [], weekdays: [], min_s: null, max_s: null, from_time: null, to_time: null, valid_from: new Date(plantClock.now() ?? 0).toISOString() });
  const put = (part: Partial<Draft>) => setDraft((now) => ({ ...now, ...part }));
  const body = ruleOf(draft);
  const save = useMutation({
    mutationFn: (wanted: Schemas["RuleIn"]) =>
      rule === null
        ? answered(api.POST("/api/v1/downtime/rules", { body: wanted }))
        : answered(api.PUT("/api/v1/downtime/rules/{rule}", { params: { path: { rule: rule.id } }, body: wanted })),
    onSettled: changed,
    onSuccess: onClose,
  });
  const submit = (event: SubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    if (body !== null) save.mutate(body);
  };
  const minutes = (value: number | null | undefined) => (value == null ? "" : value / 60);
  const seconds = (value: string | number) => (value === "" ? null : Number(value) * 60);
  return (
    <Modal opened onClose={onClose} size="lg" title={<Text fw={650} fz="lg">{rule === null ? t.reasons.addRule : t.reasons.changeRule}</Text>} closeButtonProps={{ "aria-label": t.close }}>
      <form onSubmit={submit}>
        <Stack gap="md">
          <Select label={t.downtime.reason} searchable allowDeselect={false} value={draft.reason} onChange={(reason) => put({ reason })} data={choices("reason", null).filter((each) => !("value" in each))} />
          <MultiSelect label={t.reasons.states} placeholder={(draft.states ?? []).length === 0 ? t.reasons.anyState : undefined} value={draft.states ?? []} onChange={(next) => put({ states: ASKED_OF.filter((state) => next.includes(state)) })} data={ASKED_OF.map((value) => ({ value, label: lookup(t.states, value) }))} />
          <MultiSelect label={t.reasons.scopes} placeholder={(draft.scopes ?? []).length === 0 ? t.reasons.everywhere : undefined} searchable value={draft.scopes ?? []} onChange={(next) => put({ scopes: next })} data={scopes} />
          <div className={own.pair}>
            <NumberInput label={t.reasons.minMinutes} min={0} max={100_000} value={minutes(draft.min_s)} onChange={(next) => put({ min_s: seconds(next) })} />
            <NumberInput label={t.reasons.maxMinutes} min={0} max={100_000} value={minutes(draft.max_s)} onChange={(next) => put({ max_s: seconds(next) })} />
          </div>
          <div className={own.pair}>
            <TextInput label={t.reasons.fromTime} placeholder="22:00" error={isClock(draft.from_time) ? undefined : t.reasons.clock} value={draft.from_time ?? ""} onChange={(event) => put({ from_time: event.currentTarget.value || null })} />
            <TextInput label={t.reasons.toTime} placeholder="06:00" error={isClock(draft.to_time) ? undefined : t.reasons.clock} value={draft.to_time ?? ""} onChange={(event) => put({ to_time: event.currentTarget.value || null })} />
          </div>
          <MultiSelect label={t.reasons.days} placeholder={(draft.weekdays ?? []).length === 0 ? t.reasons.everyDay : undefined} value={draft.weekdays ?? []} onChange={(next) => put({ weekdays: DAYS.filter((day) => next.includes(day)) })} data={DAYS.map((value) => ({ value, label: lookup(t.reasons.weekdays, value) }))} />
          <Switch size="md" label={t.reasons.past} description={t.reasons.pastHint} checked={draft.valid_from == null} onChange={(event) => put({ valid_from: event.currentTarget.checked ? null : new Date(plantClock.now() ?? 0).toISOString() })} />
          <Switch size="md" label={t.reasons.ruleOn} checked={draft.active ?? true} onChange={(event) => put({ active: event.currentTarget.checked })} />
          {body !== null && <RulePreview rule={body} replaces={rule?.id ?? null} />}
          {save.error !== null && <p className={css.refused} role="alert">{failureText(save.error, t)}</p>}
          <Group justify="flex-end">
            <Button type="submit" disabled={body === null} loading={save.isPending}>{t.reasons.save}</Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}

function isClock(text: string | null | undefined): boolean {
  return text == null || CLOCK.test(text);
}

/** The rule as it would be sent, null while something is missing. */
function ruleOf(draft: Draft): Schemas["RuleIn"] | null {
  const { reason, from_time: from, to_time: to, min_s: least, max_s: most } = draft;
  const isWhole = isClock(from) && isClock(to) && (from == null) === (to == null) && (least == null || most == null || least < most) && (most == null || most > 0);
  return reason === null || !isWhole ? null : { ...draft, reason };
}
