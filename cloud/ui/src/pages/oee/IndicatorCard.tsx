import type { Schemas } from "../../api/client";
import { NOTHING } from "../../format/formats";
import { useFormat } from "../../format/useFormat";
import { useLanguage } from "../../i18n/LanguageProvider";
import { lookup } from "../../i18n/lookup";
import { Card } from "../../parts/Card";
import css from "./IndicatorCard.module.css";
import { GROUPS, type Indicator, kindOf } from "./indicators";

/** The indicators beside OEE, out of the same times and parts; each says how it is reckoned. */
export function IndicatorCard({ figure }: { figure: Schemas["Figure"] }) {
  const { t } = useLanguage();
  const f = useFormat();
  const { indicators } = figure;
  const shown = (name: Indicator) => {
    const value = indicators[name];
    if (value === null) return NOTHING;
    const kind = kindOf(name);
    return kind === "count" ? f.integer(value) : kind === "time" ? f.machineTime(value) : f.percent(value);
  };
  return (
    <Card title={t.indicators.title} hint={t.indicators.hint}>
      <div className={css.groups}>
        {Object.entries(GROUPS).map(([group, names]) => (
          <section key={group} aria-label={lookup(t.indicators.groups, group)}>
            <h3 className={css.group}>{lookup(t.indicators.groups, group)}</h3>
            <dl className={`${css.list} tabular`}>
              {names.map((name) => (
                <div key={name}>
                  <dt>
                    {t.indicators.names[name]} <small>{t.indicators.formulas[name]}</small>
                  </dt>
                  <dd>{shown(name)}</dd>
                </div>
              ))}
            </dl>
          </section>
        ))}
      </div>
      {indicators.takt_adherence === null && <p className={css.note}>{t.indicators.noTakt}</p>}
    </Card>
  );
}
