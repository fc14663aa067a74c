import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { Schemas } from "../../api/client";
import { oeeQuery } from "../../api/queries";
import { useFormat } from "../../format/useFormat";
import { useLanguage } from "../../i18n/LanguageProvider";
import { BelowTarget } from "../../parts/BelowTarget";
import { Coverage } from "../../parts/Coverage";
import css from "./LineRow.module.css";
import { MachineTile } from "./MachineTile";

interface LineRowProps {
  area: Schemas["AreaOut"];
  line: Schemas["LineOut"];
  parts: Schemas["LiveLine"] | undefined;
  tiles: Schemas["Tile"][];
  onOpen: (machine: string) => void;
}

/** One line: its own figures, then its machines in the order of the flow. */
export function LineRow({ area, line, parts, tiles, onOpen }: LineRowProps) {
  const { t } = useLanguage();
  const f = useFormat();
  const scope = `line:${line.id}`;
  const oee = useQuery(oeeQuery({ scope, period: "shift" })).data;
  return (
    <section aria-label={f.name(line.name)}>
      <div className={css.head}>
        <h2 className={css.name}>
          {f.name(line.name)}
          <span className={css.area}>{f.name(area.name)}</span>
        </h2>
        <span className={`${css.fact} tabular`}>
          {t.live.output}{" "}
          <b>{parts === undefined ? "" : t.live.outputParts(f.integer(parts.good), f.integer(parts.rejected))}</b>
        </span>
        <Link className={`${css.fact} ${css.link} tabular`} to="/oee" search={{ scope, period: "shift" }}>
          {t.live.lineOee} <b>{f.percent(oee?.figure.oee)}</b> <BelowTarget oee={oee} /> <Coverage of={oee?.figure} />
        </Link>
      </div>
      <ol className={css.flow} aria-label={t.live.machineFlow(f.name(line.name))}>
        {tiles.map((tile) => (
          <li key={tile.machine}>
            <MachineTile tile={tile} onOpen={() => onOpen(tile.machine)} />
          </li>
        ))}
      </ol>
    </section>
  );
}
