import { Select, TextInput } from "@mantine/core";
import { useLanguage } from "../../../i18n/LanguageProvider";
import { useScopes } from "../../downtime/reasons/useScopes";
import { type DayDraft, endsAfterStart, isClock } from "./day";
import css from "./Settings.module.css";

/** Which machines are planned to stand, from when to when. */
export function PlannedStopFields({ draft, onDraft }: { draft: DayDraft; onDraft: (part: Partial<DayDraft>) => void }) {
  const { t } = useLanguage();
  const scopes = useScopes();
  const clock = (label: string, key: "start" | "end") => (
    <TextInput
      label={label}
      placeholder="08:00"
      inputMode="numeric"
      error={draft[key] !== "" && !isClock(draft[key]) ? t.standards.clock : undefined}
      value={draft[key]}
      onChange={(event) => onDraft({ [key]: event.currentTarget.value })}
    />
  );
  return (
    <>
      <Select
        label={t.standards.of}
        allowDeselect={false}
        searchable
        value={draft.scope}
        onChange={(next) => next !== null && onDraft({ scope: next })}
        data={[{ value: "site", label: t.oee.site }, ...scopes]}
      />
      <div className={css.two}>
        <TextInput
          type="date"
          label={t.standards.startDay}
          value={draft.day}
          onChange={({ currentTarget: { value } }) => onDraft({ day: value, endDay: draft.endDay < value ? value : draft.endDay })}
        />
        {clock(t.standards.from, "start")}
        <TextInput
          type="date"
          label={t.standards.endDay}
          error={endsAfterStart(draft) ? undefined : t.standards.endAfterStart}
          value={draft.endDay}
          onChange={(event) => onDraft({ endDay: event.currentTarget.value })}
        />
        {clock(t.standards.to, "end")}
      </div>
      <p className={css.note}>{t.standards.stopHint}</p>
    </>
  );
}
