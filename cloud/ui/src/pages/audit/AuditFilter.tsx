import "@mantine/dates/styles.css";
import "dayjs/locale/zh-cn";
import { Button, CloseButton, Select } from "@mantine/core";
import { DatePickerInput, DatesProvider } from "@mantine/dates";
import { IconDownload } from "@tabler/icons-react";
import { useState } from "react";
import type { Schemas } from "../../api/client";
import { AUDIT_KINDS, type AuditSearch } from "../../app/search";
import { useLanguage } from "../../i18n/LanguageProvider";
import { lookup } from "../../i18n/lookup";
import css from "./AuditPage.module.css";
import { PROGRAM } from "./asked";
import { useAuditWords } from "./useAuditWords";

interface AuditFilterProps {
  search: AuditSearch;
  users: Schemas["AuditUser"][];
  csv: string;
  onSearch: (search: AuditSearch) => void;
}

/** Kind of object, person, days; what a link has asked for stands below and can be taken away. */
export function AuditFilter({ search, users, csv, onSearch }: AuditFilterProps) {
  const { t, language } = useLanguage();
  const words = useAuditWords();
  const set = (change: Partial<Record<keyof AuditSearch, string | null>>) =>
    onSearch(Object.fromEntries(Object.entries({ ...search, ...change }).filter(([, value]) => value !== null)));
  const people = users.map(({ username, display_name }) => ({ value: username, label: display_name }));
  const only = search.object === undefined ? search.action && words.action(search.action) : words.object(search.object).join(" ");
  return (
    <div className={css.filter}>
      <Select
        aria-label={t.audit.kind}
        placeholder={t.audit.allKinds}
        value={search.kind ?? null}
        onChange={(kind) => set({ kind, object: null, action: null })}
        clearable
        clearButtonProps={{ "aria-label": t.audit.allKinds }}
        data={AUDIT_KINDS.map((value) => ({ value, label: lookup(t.audit.kinds, value) }))}
      />
      <Select
        aria-label={t.audit.who}
        placeholder={t.audit.everybody}
        value={search.who ?? null}
        onChange={(who) => set({ who })}
        clearable
        clearButtonProps={{ "aria-label": t.audit.everybody }}
        searchable
        data={[...people, { value: PROGRAM, label: t.audit.program }]}
      />
      <DatesProvider settings={{ locale: language === "zh" ? "zh-cn" : "en", firstDayOfWeek: 1 }}>
        <Days from={search.from ?? null} to={search.to ?? null} onDays={(from, to) => set({ from, to })} />
      </DatesProvider>
      <Button className={css.csv} component="a" href={csv} download variant="default" leftSection={<IconDownload size={16} />}>{t.audit.csv}</Button>
      {only !== undefined && only !== "" && (
        <p className={css.only}>
          <b>{t.audit.only(only)}</b>
          <CloseButton aria-label={t.downtime.clearFilter} onClick={() => set({ object: null, action: null })} />
        </p>
      )}
    </div>
  );
}

function Days({ from, to, onDays }: { from: string | null; to: string | null; onDays: (from: string | null, to: string | null) => void }) {
  const { t, language } = useLanguage();
  const [picked, setPicked] = useState<[string | null, string | null]>([from, to]);
  const pick = ([first, last]: [string | null, string | null]) => {
    setPicked([first, last]);
    if ((first === null) === (last === null)) onDays(first, last);
  };
  return (
    <DatePickerInput
      type="range"
      allowSingleDateInRange
      aria-label={t.audit.days}
      placeholder={t.audit.anyDay}
      value={picked}
      onChange={pick}
      clearable
      clearButtonProps={{ "aria-label": t.audit.anyDay }}
      valueFormat={language === "zh" ? "M月D日" : "D MMM"}
    />
  );
}
