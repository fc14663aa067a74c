import { Link } from "@tanstack/react-router";
import { useState } from "react";
import type { Schemas } from "../../api/client";
import { NOTHING } from "../../format/formats";
import { useFormat } from "../../format/useFormat";
import { useLanguage } from "../../i18n/LanguageProvider";
import { lookup } from "../../i18n/lookup";
import { Rows } from "../../parts/Rows";
import { useMachineName } from "../../parts/useMachineName";
import { useStopWhy } from "../../parts/useStopWhy";
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
      <Section title={t.report.reasons} hint={t.report.unassigned(f.integer(stops.unassigned), f.machineTime(stops.unassigned_s))} isEmpty={pareto.bars.length === 0} empty={t.report.noStops}>
        <Rows
          rows={pareto.bars}
          rowKey={({ key }) => key ?? ""}
          columns={[
            { name: t.report.reason, cell: ({ key, name }) => (name === null ? (key === null ? t.andon.noReason : lookup(t.losses, key)) : f.name(name)) },
            { name: t.report.count, isRight: true, cell: ({ count }) => f.integer(count) },
            { name: t.report.minutes, isRight: true, cell: ({ minutes }) => f.decimal(minutes) },
            { name: t.report.share, isRight: true, cell: ({ share }) => f.percent(share) },
          ]}
        />
      </Section>
      <Section title={t.report.stops} hint={t.report.minor(f.integer(stops.total), f.integer(minor))} isEmpty={stops.items.length === 0} empty={t.report.noStops}>
        <StopTable stops={stops.items} />
      </Section>
      <p className={`${css.note} ${css.screenOnly}`}>
        <Link to="/downtime" search={{ scope, start: stops.start, end: stops.end }}>{t.report.openDowntime}</Link>
      </p>
    </>
  );
}

function StopTable({ stops }: { stops: Schemas["StopOut"][] }) {
  const { t } = useLanguage();
  const f = useFormat();
  const machineName = useMachineName();
  const whyOf = useStopWhy();
  const [isWhole, setIsWhole] = useState(false);
  return (
    <>
      <Rows
        isStacked
        rows={isWhole ? stops : stops.slice(0, SHOWN)}
        rowKey={({ machine, start }) => `${machine} ${start}`}
        columns={[
          { name: t.oee.columns.start, cell: ({ start, ongoing }) => <>{f.time(start)}{ongoing && <small> {t.report.ongoing}</small>}</> },
          { name: t.report.lost, isRight: true, cell: ({ lost_s: lost }) => f.machineTime(lost) },
          { name: t.oee.machine, isHead: true, cell: ({ machine }) => <>{machineName(machine)} <small>{machine}</small></> },
          { name: t.oee.columns.state, cell: ({ state }) => lookup(t.states, state) },
          { name: t.report.reason, isSoft: ({ reason }) => reason === null, cell: whyOf },
          { name: t.oee.columns.order, cell: ({ order }) => order ?? NOTHING },
        ]}
      />
      {stops.length > SHOWN && (
        <p className={css.note}>
          {!isWhole && t.report.longest(SHOWN, stops.length)}{" "}
          <button type="button" className={`${css.more} ${css.screenOnly}`} onClick={() => setIsWhole(!isWhole)}>{isWhole ? t.report.fewer : t.report.all}</button>
        </p>
      )}
    </>
  );
}
