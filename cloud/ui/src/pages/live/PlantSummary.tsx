import { Skeleton } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { alarmCountQuery, oeeQuery } from "../../api/queries";
import type { Schemas } from "../../api/client";
import { useFormat } from "../../format/useFormat";
import { useLanguage } from "../../i18n/LanguageProvider";
import { lookup } from "../../i18n/lookup";
import { BelowTarget } from "../../parts/BelowTarget";
import { Coverage } from "../../parts/Coverage";
import { stateColours } from "../../parts/states";
import css from "./PlantSummary.module.css";
import { ShiftCell } from "./ShiftCell";

/** The plant in four figures. */
export function PlantSummary({ live }: { live: Schemas["LivePlant"] }) {
  const { t } = useLanguage();
  const f = useFormat();
  const oee = useQuery(oeeQuery({ scope: "site", period: "shift" }));
  const site = oee.data?.figure;
  const alarms = useQuery(alarmCountQuery).data ?? null;
  const states = live.tiles.map((tile) => ({ machine: tile.machine, state: tile.fresh ? tile.state : "unobserved" }));
  const running = states.filter(({ state }) => state === "running").length;
  return (
    <div className={css.grid}>
      <ShiftCell live={live} />
      <div className={css.cell}>
        <span className={css.label}>{t.live.running}</span>
        <span className={`${css.value} tabular`}>
          {running}<span className={css.small}>/ {states.length}</span>
        </span>
        <div className={css.strip} aria-hidden>
          {states.map(({ machine, state }) => (
            <span key={machine} title={`${machine}: ${lookup(t.states, state)}`} style={{ background: stateColours(state).fill }} />
          ))}
        </div>
      </div>
      <Link className={css.cell} to="/oee" search={{ scope: "site", period: "shift" }}>
        <span className={css.label}>{t.live.siteOee}</span>
        {site === undefined && oee.isPending ? (
          <Skeleton h={28} w={110} aria-busy />
        ) : (
          <>
            <span className={`${css.value} tabular`}>{f.percent(site?.oee)}<BelowTarget oee={oee.data} /></span>
            <span className={`${css.aeq} tabular`}>
              {(["availability", "effectiveness", "quality"] as const).map((name) => (
                <span key={name} title={t.figures[name]}>{t.oee.heat.short[name]} <b>{f.percent(site?.[name])}</b></span>
              ))}
              <Coverage of={site} />
            </span>
          </>
        )}
      </Link>
      <Link className={css.cell} to="/alarms">
        <span className={css.label}>{t.live.activeAlarms}</span>
        <span className={`${css.value} tabular ${(alarms ?? 0) > 0 ? css.alarming : ""}`}>{f.integer(alarms)}</span>
        <span className={css.small}>
          {live.tiles.filter((tile) => tile.alarm !== null).map((tile) => f.name(tile.name)).join(" · ")}
        </span>
      </Link>
    </div>
  );
}
