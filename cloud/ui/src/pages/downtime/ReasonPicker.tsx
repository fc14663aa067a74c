import { Skeleton, TextInput } from "@mantine/core";
import { IconHistory, IconSearch } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { reasonsQuery, recentReasonsQuery } from "../../api/downtime";
import { useFormat } from "../../format/useFormat";
import { useLanguage } from "../../i18n/LanguageProvider";
import { Loaded } from "../../parts/Loaded";
import { LOSS_COLOURS } from "../../parts/states";
import css from "./Downtime.module.css";
import { type Reason, usableGroups } from "./reasonTree";

interface ReasonPickerProps {
  machines: string[];
  chosen: string | null;
  isBusy: boolean;
  onChoose: (reason: string) => void;
}

/** The reasons that these machines may have: those used last first, then the tree; words narrow it. */
export function ReasonPicker(props: ReasonPickerProps) {
  const query = useQuery(reasonsQuery);
  return (
    <Loaded query={query} skeleton={<Skeleton h={280} radius={10} />}>
      {(reasons) => <Choices {...props} reasons={reasons} />}
    </Loaded>
  );
}

function Choices({ reasons, machines, chosen, isBusy, onChoose }: ReasonPickerProps & { reasons: Reason[] }) {
  const { t } = useLanguage();
  const f = useFormat();
  const [words, setWords] = useState("");
  const recent = useQuery(recentReasonsQuery(machines[0] ?? "")).data ?? [];
  const all = usableGroups(reasons, machines);
  const usable = new Map(all.flatMap(({ leaves }) => leaves.map((leaf) => [leaf.id, leaf])));
  const found = words.trim() === "" ? all : usableGroups(reasons, machines, words);
  const again = words.trim() === "" ? recent.flatMap((id) => usable.get(id) ?? []) : [];
  const choice = (reason: Reason) => (
    <button
      key={reason.id}
      type="button"
      className={css.choice}
      aria-pressed={reason.id === chosen}
      disabled={isBusy}
      style={{ borderLeftColor: `var(--${LOSS_COLOURS[reason.category ?? ""] ?? "idle"}-fill)` }}
      onClick={() => onChoose(reason.id)}
    >
      {f.name(reason.name)}
    </button>
  );
  return (
    <div className={css.picker}>
      <TextInput
        size="md"
        aria-label={t.downtime.search}
        placeholder={t.downtime.search}
        leftSection={<IconSearch size={18} />}
        value={words}
        onChange={(event) => setWords(event.currentTarget.value)}
      />
      {again.length > 0 && (
        <section aria-label={t.downtime.recent}>
          <h4><IconHistory size={15} aria-hidden /> {t.downtime.recent}</h4>
          <div className={css.choicesGrid}>{again.map(choice)}</div>
        </section>
      )}
      {found.length === 0 && <p className={css.hint} role="status">{t.downtime.noReason}</p>}
      {found.map(({ group, leaves }) => (
        <section key={group?.id ?? ""} aria-label={group === null ? t.downtime.reason : f.name(group.name)}>
          <h4>{group === null ? t.downtime.reason : f.name(group.name)}</h4>
          <div className={css.choicesGrid}>{leaves.map(choice)}</div>
        </section>
      ))}
    </div>
  );
}
