import { IconAlertTriangle, IconChevronRight } from "@tabler/icons-react";
import type { Schemas } from "../../api/client";
import { useFormat } from "../../format/useFormat";
import { useLanguage } from "../../i18n/LanguageProvider";
import { lookup } from "../../i18n/lookup";
import { Bar } from "../../parts/Bar";
import { Ring } from "../../parts/Ring";
import css from "./FigureBand.module.css";
import { formula } from "./formula";
import type { FigureName, Opened } from "./opened";
import { whyNone } from "./whyNone";

/** The big figures; each is a button to what it is made of. */
export function FigureBand({ oee, onOpen }: { oee: Schemas["OeeOut"]; onOpen: (opened: Opened) => void }) {
  const { t } = useLanguage();
  const f = useFormat();
  const { figure } = oee;
  return (
    <div>
      <div className={css.band}>
        <button type="button" className={css.cell} aria-label={`${t.oee.details(t.figures.oee)} ${f.percent(figure.oee)}`} onClick={() => onOpen("oee")}>
          <Ring label="OEE" ratio={figure.oee} size={132} thickness={13} />
          <Aim oee={oee} name="oee" />
        </button>
        {(["availability", "effectiveness", "quality", "coverage"] as const).map((name) => (
          <FigureCell key={name} name={name} oee={oee} onOpen={onOpen} />
        ))}
      </div>
      <div className={`${css.note} tabular`}>
        <span>{t.oee.window(f.dayTime(oee.start), f.dayTime(oee.end))}</span>
        <span>{t.oee.goodParts} {f.integer(figure.good)} · {t.oee.rejectedParts} {f.integer(figure.rejected)}</span>
        <span>{t.oee.policy(lookup(t.oee.policies, oee.policy))}</span>
        {oee.provenance.changed !== null && oee.provenance.why !== null && (
          <span>{t.oee.changed(f.dayTime(oee.provenance.changed), lookup(t.oee.reasons, oee.provenance.why))}</span>
        )}
        {figure.oee === null && <span className={css.flag}>{whyNone(figure, t)}</span>}
        {figure.flags.map((flag) => (
          <span className={css.flag} key={flag}>
            <IconAlertTriangle size={14} aria-hidden />
            {lookup(t.oee.flags, flag)}
          </span>
        ))}
      </div>
    </div>
  );
}

interface FigureCellProps {
  name: Exclude<FigureName, "oee">;
  oee: Schemas["OeeOut"];
  onOpen: (opened: Opened) => void;
}

/** What a figure aims at, and in words whether it is below that. */
function Aim({ oee, name }: { oee: Schemas["OeeOut"]; name: FigureName }) {
  const { t } = useLanguage();
  const f = useFormat();
  const aim = name === "coverage" ? null : oee.target?.[name];
  if (typeof aim !== "number") return null;
  const isBelow = oee.off_target.includes(name);
  return <span className={`${css.aim} tabular`} data-below={isBelow || undefined}>{isBelow ? t.indicators.below(f.percent(aim)) : t.indicators.target(f.percent(aim))}</span>;
}

function FigureCell({ name, oee, onOpen }: FigureCellProps) {
  const { figure, policy } = oee;
  const { t } = useLanguage();
  const f = useFormat();
  const terms = formula(name, figure, policy)?.terms ?? [];
  return (
    <button
      type="button"
      className={css.cell}
      onClick={() => onOpen(name)}
      aria-label={`${t.oee.details(t.figures[name])} ${f.percent(figure[name])}`}
    >
      <span className={css.name}>
        {t.figures[name]}
        <IconChevronRight size={14} aria-hidden />
      </span>
      <span className={`${css.value} tabular`}>{f.percent(figure[name])}</span>
      <Aim oee={oee} name={name} />
      <Bar label={t.figures[name]} value={Math.round((figure[name] ?? 0) * 1000)} of={1000} height={5} />
      <span className={`${css.times} tabular`}>{terms.map(({ value, unit }) => (unit === "parts" ? f.integer(value) : f.machineTime(value ?? 0))).join(" ÷ ")}</span>
      <span className={css.hint}>{lookup(t.policyHints, `${policy} ${name}`, t.figureHints[name])}</span>
    </button>
  );
}
