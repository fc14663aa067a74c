import { useNavigate, useSearch } from "@tanstack/react-router";
import { type HistorySearch, MOST_SIGNALS } from "../../app/search";
import { useLanguage } from "../../i18n/LanguageProvider";
import { PageHead } from "../../parts/PageHead";
import css from "./HistoryPage.module.css";
import { SeriesCard } from "./SeriesCard";
import { TagList } from "./TagList";

/** The stored values of every signal: found by words, several on one chart. */
export function HistoryPage() {
  const { t } = useLanguage();
  const search = useSearch({ from: "/inside/history" });
  const navigate = useNavigate({ from: "/history" });
  const chosen = search.tags ?? [];
  const set = (next: HistorySearch) => void navigate({ search: next, replace: true });
  const toggle = (tag: string) => {
    const tags = chosen.includes(tag) ? chosen.filter((each) => each !== tag) : [...chosen, tag].slice(0, MOST_SIGNALS);
    set({ ...search, tags });
  };
  return (
    <>
      <PageHead title={t.history.title} />
      <div className={css.page}>
        <TagList words={search.q ?? ""} chosen={chosen} onToggle={toggle} />
        <SeriesCard search={search} onSearch={set} />
      </div>
    </>
  );
}
