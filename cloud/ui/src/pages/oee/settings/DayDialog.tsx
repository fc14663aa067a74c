import { Select, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { answered, api } from "../../../api/client";
import { shiftsQuery } from "../../../api/downtime";
import { useFormat } from "../../../format/useFormat";
import { useLanguage } from "../../../i18n/LanguageProvider";
import { lookup } from "../../../i18n/lookup";
import { plantClock } from "../../../live/plantClock";
import { type DayDraft, dayOf, isClock, KINDS } from "./day";
import { PlannedStopFields } from "./PlannedStopFields";
import { SettingDialog } from "./SettingDialog";
import css from "./Settings.module.css";

const WEEK_MS = 7 * 86_400_000;

/** A day that is otherwise (closed, with other times, with an extra shift), or machines that are planned to stand. */
export function DayDialog({ onClose }: { onClose: () => void }) {
  const { t } = useLanguage();
  const f = useFormat();
  const [now] = useState(() => plantClock.now() ?? 0);
  const [draft, setDraft] = useState<DayDraft>(() => ({ day: f.isoDay(now), kind: "closed", scope: "site", shift: null, start: "", end: "", endDay: f.isoDay(now), note: "" }));
  const put = (part: Partial<DayDraft>) => setDraft((before) => ({ ...before, ...part }));
  const body = dayOf(draft);
  const send = async () => {
    if (body !== null) await answered(api.POST("/api/v1/calendar/exceptions", { body }));
  };
  return (
    <SettingDialog title={t.standards.addDay} submit={t.standards.save} canSend={body !== null} send={send} onClose={onClose}>
      <div className={draft.kind === "planned_stop" ? undefined : css.two}>
        {draft.kind !== "planned_stop" && <TextInput type="date" label={t.standards.day} data-autofocus value={draft.day} onChange={({ currentTarget: { value } }) => put({ day: value, endDay: value })} />}
        <Select
          label={t.standards.kind}
          allowDeselect={false}
          value={draft.kind}
          onChange={(next) => put({ kind: KINDS.find((known) => known === next) ?? "closed", shift: null })}
          data={KINDS.map((value) => ({ value, label: lookup(t.standards.kinds, value) }))}
        />
      </div>
      {draft.kind === "planned_stop" ? <PlannedStopFields draft={draft} onDraft={put} /> : <ShiftFields draft={draft} onDraft={put} now={now} />}
      <TextInput label={t.standards.note} maxLength={200} value={draft.note} onChange={(event) => put({ note: event.currentTarget.value })} />
    </SettingDialog>
  );
}

/** Which shift is otherwise, and its times. */
function ShiftFields({ draft, onDraft: put, now }: { draft: DayDraft; onDraft: (part: Partial<DayDraft>) => void; now: number }) {
  const { t } = useLanguage();
  const f = useFormat();
  // The shifts of a week are those that there are: a day off of one weekday does not hide them.
  const shifts = useQuery(shiftsQuery(new Date(now - WEEK_MS).toISOString(), new Date(now + WEEK_MS).toISOString())).data ?? [];
  const named = new Map(shifts.map(({ id, name }) => [id, name === null ? id : f.name(name)]));
  const clock = (label: string, key: "start" | "end") => (
    <TextInput
      label={label}
      placeholder={draft.kind === "changed" ? t.standards.keepsOwn : "08:00"}
      inputMode="numeric"
      error={draft[key] !== "" && !isClock(draft[key]) ? t.standards.clock : undefined}
      value={draft[key]}
      onChange={(event) => put(key === "start" ? { start: event.currentTarget.value } : { end: event.currentTarget.value })}
    />
  );
  return (
    <>
      {draft.kind === "extra" ? (
        <TextInput label={t.standards.extraName} placeholder={t.standards.extraNameHint} maxLength={60} value={draft.shift ?? ""} onChange={(event) => put({ shift: event.currentTarget.value })} />
      ) : (
        <Select
          label={t.standards.shift}
          value={draft.shift ?? ""}
          allowDeselect={false}
          onChange={(next) => put({ shift: next === "" ? null : next })}
          data={[...(draft.kind === "closed" ? [{ value: "", label: t.standards.allShifts }] : []), ...[...named].map(([value, label]) => ({ value, label }))]}
        />
      )}
      {draft.kind !== "closed" && (
        <div className={css.two}>
          {clock(t.standards.from, "start")}
          {clock(t.standards.to, "end")}
        </div>
      )}
      {draft.kind !== "closed" && <p className={css.note}>{t.standards.overnight}</p>}
    </>
  );
}
