import { Link } from "@tanstack/react-router";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import type { Schemas } from "../../api/client";
import { reasonsQuery } from "../../api/downtime";
import { NOTHING } from "../../format/formats";
import { useFormat } from "../../format/useFormat";
import { useLanguage } from "../../i18n/LanguageProvider";
import { lookup } from "../../i18n/lookup";
import { useMachineName } from "../../parts/useMachineName";
import css from "./Report.module.css";
import { Section } from "./Section";

/** On paper the longest ones stand; the rest would fill sheets that nobody reads. */
const SHOWN = 25;

/** Where the minutes went by reason, then the stops that cost most. */
export function StopRows({ report }: { report: Schemas["ShiftReport"] }) {
  const { t } = useLanguage();
  const f = useFormat();
  const { stops, pareto, scope } = report;
  const minor = stops.minor.reduce((sum, group) => sum + group.count, 0);
  return (
    <>
      <Section title={t.report.reasons} hint={t.report.unassigned(f.integer(stops.unassigned), f.duration(stops.unassigned_s))} isEmpty={pareto.bars.length === 0} empty={t.report.noStops}>
        <table className="tabular">
          <thead>
            <tr>
              <th scope="col">{t.report.reason}</th>
              <th scope="col" data-right>{t.report.count}</th>
              <th scope="col" data-right>{t.report.minutes}</th>
              <th scope="col" data-right>{t.report.share}</th>
            </tr>
          </thead>
          <tbody>
            {pareto.bars.map((bar) => (
              <tr key={bar.key ?? ""}>
                <td>{bar.name === null ? (bar.key === null ? t.andon.noReason : lookup(t.losses, bar.key)) : f.name(bar.name)}</td>
                <td data-right>{f.integer(bar.count)}</td>
                <td data-right>{f.decimal(bar.minutes)}</td>
                <td data-right>{f.percent(bar.share)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </Section>
      <Section title={t.report.stops} hint={t.report.minor(f.integer(stops.total), f.integer(minor))} isEmpty={stops.items.length === 0} empty={t.report.noStops}>
        <StopTable stops={stops.items} />
      </Section>
      <p className={css.screenOnly}>
        <Link to="/downtime" search={{ scope, start: stops.start, end: stops.end }}>{t.report.openDowntime}</Link>
      </p>
    </>
  );
}

function StopTable({ stops }: { stops: Schemas["StopOut"][] }) {
  const { t } = useLanguage();
  const f = useFormat();
  const machineName = useMachineName();
  const reasons = useQuery(reasonsQuery).data;
  const [isWhole, setIsWhole] = useState(false);
  const named = (reason: string | null) => {
    const found = reasons?.find(({ id }) => id === reason);
    return reason === null ? t.andon.noReason : found === undefined ? reason : f.name(found.name);
  };
  const shown = isWhole ? stops : stops.slice(0, SHOWN);
  return (
    <>
      <table className="tabular">
        <thead>
          <tr>
            <th scope="col">{t.oee.columns.start}</th>
            <th scope="col" data-right>{t.report.lost}</th>
            <th scope="col">{t.oee.machine}</th>
            <th scope="col">{t.oee.columns.state}</th>
            <th scope="col">{t.report.reason}</th>
            <th scope="col">{t.oee.columns.order}</th>
          </tr>
        </thead>
        <tbody>
          {shown.map((stop) => (
            <tr key={`${stop.machine} ${stop.start}`}>
              <td>{f.time(stop.start)}{stop.ongoing && <small> {t.report.ongoing}</small>}</td>
              <td data-right>{f.duration(stop.lost_s)}</td>
              <td>{machineName(stop.machine)} <small>{stop.machine}</small></td>
              <td>{lookup(t.states, stop.state)}</td>
              <td data-soft={stop.reason === null || undefined}>{named(stop.reason)}</td>
              <td>{stop.order ?? NOTHING}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {stops.length > SHOWN && (
        <p className={css.note}>
          {!isWhole && t.report.longest(SHOWN, stops.length)}{" "}
          <button type="button" className={`${css.more} ${css.screenOnly}`} onClick={() => setIsWhole(!isWhole)}>{isWhole ? t.report.fewer : t.report.all}</button>
        </p>
      )}
    </>
  );
}
