import { Tooltip } from "@mantine/core";
import { useLanguage } from "../i18n/LanguageProvider";
import { useConnection } from "../live/LiveProvider";
import css from "./ConnectionMark.module.css";

/** How pages learn of changes now: live, by polling, or not at all. */
export function ConnectionMark() {
  const { t } = useLanguage();
  const connection = useConnection();
  return (
    <Tooltip label={t.connection.hint[connection]} multiline maw={280}>
      <span className={`${css.mark} ${css[connection] ?? ""}`} role="status" aria-label={t.connection.label}>
        <span className={css.dot} aria-hidden />
        <span className={css.word}>{t.connection[connection]}</span>
      </span>
    </Tooltip>
  );
}
