import { NOTHING } from "../../format/formats";
import { useFormat } from "../../format/useFormat";
import { useLanguage } from "../../i18n/LanguageProvider";
import { lookup } from "../../i18n/lookup";
import css from "./StoreFacts.module.css";

/** What the store says about itself; facts differ from engine to engine, so they are listed as they come. */
export function StoreFacts({ store }: { store: Record<string, unknown> }) {
  const { t } = useLanguage();
  const f = useFormat();
  const say = (name: string, value: unknown) => {
    if (typeof value === "boolean") return value ? t.system.yes : t.system.no;
    if (typeof value === "number") return name.endsWith("_bytes") ? f.bytes(value) : f.integer(value);
    return value === null || value === undefined ? NOTHING : String(value);
  };
  return (
    <dl className={`${css.facts} tabular`}>
      {Object.entries(store).map(([name, value]) => (
        <div key={name}>
          <dt>{lookup(t.system.storeFacts, name)}</dt>
          <dd>{say(name, value)}</dd>
        </div>
      ))}
    </dl>
  );
}
