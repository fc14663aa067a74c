import { useSuspenseQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { Schemas } from "../../api/client";
import { plantQuery } from "../../api/queries";
import { useFormat } from "../../format/useFormat";
import { useLanguage } from "../../i18n/LanguageProvider";
import { lookup } from "../../i18n/lookup";
import { usePlantNow } from "../../live/usePlantNow";
import { Rows } from "../../parts/Rows";
import { useMachineName } from "../../parts/useMachineName";
import { whyNone } from "../oee/whyNone";
import { AlarmRows, NoteRows, ScrapRows } from "./Happenings";
import { CountRows } from "./CountRows";
import { Handover } from "./Handover";
import { LossRows } from "./LossRows";
import css from "./Report.module.css";
import { Section } from "./Section";
import { StopRows } from "./StopRows";

interface ReportBodyProps {
  report: Schemas["ShiftReport"];
  isOld: boolean;
  /** Called when somebody begins to write a note. */
  onWriting: () => void;
}

/** The sheets: whose shift, its figures, what was lost, what was made, what happened. */
export function ReportBody({ report, isOld, onWriting }: ReportBodyProps) {
  const { t } = useLanguage();
  const { oee } = report;
  return (
    <article className={`${css.sheet} ${isOld ? css.old : ""}`} aria-busy={isOld}>
      <ReportHead report={report} />
      <Figures report={report} />
      <Handover report={report} onWriting={onWriting} />
      <LossRows figure={oee.figure} />
      {oee.machines.length > 1 && <MachineRows report={report} />}
      <StopRows report={report} />
      <CountRows report={report} />
      <Section title={t.report.scrap} isEmpty={report.scrap.length === 0} empty={t.report.noScrap}><ScrapRows rows={report.scrap} /></Section>
      <Section title={t.alarms.title} isEmpty={report.alarms.length === 0} empty={t.report.noAlarms}><AlarmRows rows={report.alarms} /></Section>
      <Section title={t.report.notes} isEmpty={report.notes.length === 0} empty={t.report.noNotes}><NoteRows rows={report.notes} /></Section>
    </article>
  );
}

function ReportHead({ report: { scope, shift, oee } }: { report: Schemas["ShiftReport"] }) {
  const { t } = useLanguage();
  const f = useFormat();
  const now = usePlantNow(60_000);
  const { data: plant } = useSuspenseQuery(plantQuery);
  const machineName = useMachineName();
  const machine = scope.startsWith("machine:") ? scope.slice("machine:".length) : null;
  const name = scope === "site" ? t.oee.site : machine === null ? machineName(scope) : `${machineName(machine)} (${machine})`;
  return (
    <header className={css.head}>
      <p className={css.plant}>{f.name(plant.name)}</p>
      <h2>{t.report.title} · {name}</h2>
      <p className="tabular">
        <b>{f.day(shift.start)} {shift.name === null ? shift.id : f.name(shift.name)}</b> <span className={css.together}>{f.time(shift.start)}–{f.time(shift.end)}</span>
        {shift.running && <em>{t.report.running(f.time(oee.end))}</em>}
      </p>
      <p className={css.printed}>{t.report.printed(f.dayTime(now))}</p>
    </header>
  );
}

function Figures({ report: { oee, scope, shift } }: { report: Schemas["ShiftReport"] }) {
  const { t } = useLanguage();
  const f = useFormat();
  const { figure, target, provenance } = oee;
  return (
    <section className={css.figures} aria-label={t.figures.oee}>
      <dl className="tabular">
        {(["oee", "availability", "effectiveness", "quality", "coverage"] as const).map((name) => (
          <div key={name} data-main={name === "oee" || undefined} data-below={oee.off_target.includes(name) || undefined}>
            <dt>{t.figures[name]}</dt>
            <dd>{f.percent(figure[name])}</dd>
            {name !== "coverage" && typeof target?.[name] === "number" && <small>{t.andon.aim(f.percent(target[name]))}</small>}
          </div>
        ))}
        <div><dt>{t.oee.goodParts}</dt><dd>{f.integer(figure.good)}</dd></div>
        <div><dt>{t.oee.rejectedParts}</dt><dd>{f.integer(figure.rejected)}</dd></div>
      </dl>
      <p className={css.note}>
        {figure.oee === null ? whyNone(figure, t) : t.oee.policy(lookup(t.oee.policies, oee.policy))}
        {provenance.changed !== null && provenance.why !== null && ` · ${t.oee.changed(f.dayTime(provenance.changed), lookup(t.oee.reasons, provenance.why))}`}
        {figure.flags.map((flag) => ` · ${lookup(t.oee.flags, flag)}`)}{" "}
        <Link className={css.screenOnly} to="/oee" search={{ scope, start: shift.start, end: oee.end }}>{t.report.openOee}</Link>
      </p>
    </section>
  );
}

function MachineRows({ report: { oee, shift } }: { report: Schemas["ShiftReport"] }) {
  const { t } = useLanguage();
  const f = useFormat();
  const machineName = useMachineName();
  return (
    <Section title={t.oee.machines}>
      <Rows
        isStacked
        rows={oee.machines}
        rowKey={({ machine }) => machine}
        columns={[
          { name: t.oee.machine, isHead: true, cell: ({ machine }) => <><Link to="/report" search={{ scope: `machine:${machine}`, at: shift.start }}>{machineName(machine)}</Link> <small>{machine}</small></> },
          { name: t.figures.oee, isRight: true, cell: ({ figure }) => <b>{f.percent(figure.oee)}</b> },
          ...(["availability", "effectiveness", "quality", "coverage"] as const).map((name) => ({ name: t.figures[name], isRight: true, cell: ({ figure }: Schemas["MachineOee"]) => f.percent(figure[name]) })),
          { name: t.oee.columns.good, isRight: true, cell: ({ figure }) => f.integer(figure.good) },
          { name: t.oee.columns.rejected, isRight: true, cell: ({ figure }) => f.integer(figure.rejected) },
        ]}
      />
    </Section>
  );
}
