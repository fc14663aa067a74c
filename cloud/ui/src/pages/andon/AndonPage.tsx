import { useQuery } from "@tanstack/react-query";
import { useSearch } from "@tanstack/react-router";
import { useEffect } from "react";
import { andonQuery } from "../../api/queries";
import { SpeakIn, useLanguage } from "../../i18n/LanguageProvider";
import { failureText } from "../../parts/failureText";
import css from "./Andon.module.css";
import { Board } from "./Board";
import { useLongRun } from "./useLongRun";

/** A board for a television: no shell, one screen after the other; what it shows stands in its address. */
export function AndonPage() {
  const { lang, theme = "dark" } = useSearch({ from: "/screen/andon" });
  return (
    <SpeakIn language={lang}>
      <div className={css.screen} data-scheme={theme}>
        <Screen />
      </div>
    </SpeakIn>
  );
}

function Screen() {
  const { t } = useLanguage();
  const query = useQuery(andonQuery);
  useLongRun();
  const { data } = query;
  useEffect(() => {
    document.title = `${t.andon.title} · Taktline`;
  }, [t]);
  if (data !== undefined) return <Board board={data} seenAt={query.dataUpdatedAt} />;
  return (
    <main className={css.middle}>
      {query.error === null ? (
        <p role="status" aria-busy="true">{t.loading}</p>
      ) : (
        <p role="alert">
          {t.failure.title}
          <small>{failureText(query.error, t)} {t.andon.again}</small>
        </p>
      )}
    </main>
  );
}
