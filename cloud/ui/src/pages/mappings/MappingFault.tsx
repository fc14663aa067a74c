import { Problem } from "../../api/problem";
import { useLanguage } from "../../i18n/LanguageProvider";
import { failureText } from "../../parts/failureText";
import table from "../../parts/Table.module.css";
import css from "./MappingsPage.module.css";

/** Why a mapping is refused, with the addresses that the server names. */
export function MappingFault({ error }: { error: unknown }) {
  const { t } = useLanguage();
  const detail = error instanceof Problem && error.status >= 400 && error.status < 500 ? error.detail : "";
  return (
    <div className={css.refused} role="alert">
      {failureText(error, t)}
      {detail !== "" && <div className={table.mono}>{detail}</div>}
    </div>
  );
}
