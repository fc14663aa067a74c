import type { Schemas } from "../../api/client";
import { useFormat } from "../../format/useFormat";
import { useLanguage } from "../../i18n/LanguageProvider";
import { lookup } from "../../i18n/lookup";
import css from "./AlarmHistory.module.css";

export function AlarmHistory({ history }: { history: Schemas["AlarmEvent"][] }) {
  const { t } = useLanguage();
  const f = useFormat();
  return (
    <ol className={css.list} aria-label={t.alarms.history}>
      {history.map((event, index) => (
        <li className={css.item} key={`${event.at}/${event.kind}/${index}`}>
          <b>{lookup(t.alarms.events, event.kind)}</b>{" "}
          <span className={`${css.soft} tabular`}>
            {f.dayTime(event.at)}
            {event.user !== null && ` · ${t.alarms.by(event.user)}`}
          </span>
          {event.note !== null && <p className={css.note}>{event.note}</p>}
        </li>
      ))}
    </ol>
  );
}
