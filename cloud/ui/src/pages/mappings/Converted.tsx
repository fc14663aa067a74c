import type { Schemas } from "../../api/client";
import { useLanguage } from "../../i18n/LanguageProvider";
import table from "../../parts/Table.module.css";
import css from "./MappingsPage.module.css";

type ConvertedProps = Pick<Schemas["TagMappingOut"], "scale" | "offset" | "values">;

const SHOWN = 4;

/** How old values read today; nothing when they read as they were. */
export function Converted({ scale, offset, values }: ConvertedProps) {
  const { t } = useLanguage();
  if (values !== null) {
    const rows = Object.entries(values);
    return (
      <div className={`${css.values} ${table.mono}`}>
        {rows.slice(0, SHOWN).map(([was, now]) => <span key={was}>{was} → {now}</span>)}
        {rows.length > SHOWN && <span>+{rows.length - SHOWN}</span>}
      </div>
    );
  }
  if (scale === 1 && offset === 0) return <span className={table.soft}>{t.mappings.conversions.none}</span>;
  return <span className={table.mono}>× {scale}{offset !== 0 && ` ${offset < 0 ? "−" : "+"} ${Math.abs(offset)}`}</span>;
}
