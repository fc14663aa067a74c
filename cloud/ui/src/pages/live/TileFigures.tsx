import { Fragment } from "react";
import type { Schemas } from "../../api/client";
import { useFormat } from "../../format/useFormat";
import { useLanguage } from "../../i18n/LanguageProvider";
import { Bar } from "../../parts/Bar";
import { Coverage } from "../../parts/Coverage";
import { Ring } from "../../parts/Ring";
import css from "./MachineTile.module.css";

const FACTORS = ["availability", "effectiveness", "quality"] as const;

/** OEE of the running shift as a ring, with its three factors; how much of the shift they speak for, when that is not all. */
export function TileFigures({ tile }: { tile: Schemas["Tile"] }) {
  const { t } = useLanguage();
  const f = useFormat();
  return (
    <div className={css.figures}>
      <Ring label="OEE" ratio={tile.oee} size={80} />
      <div className={css.factors}>
        <dl className={`${css.aeq} tabular`}>
          {FACTORS.map((factor) => (
            <Fragment key={factor}>
              <dt title={t.figures[factor]}>{t.oee.heat.short[factor]}</dt>
              <dd><Bar label={t.figures[factor]} value={Math.round((tile[factor] ?? 0) * 100)} of={100} height={4} /></dd>
              <dd className={css.ratio}>{f.percent(tile[factor])}</dd>
            </Fragment>
          ))}
        </dl>
        <Coverage of={tile} />
      </div>
    </div>
  );
}
