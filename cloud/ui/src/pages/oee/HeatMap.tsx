import { Text } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import type { Schemas } from "../../api/client";
import type { OeeAsked } from "../../api/queries";
import { useFormat } from "../../format/useFormat";
import { useLanguage } from "../../i18n/LanguageProvider";
import { COLDEST, ENOUGH_COVERAGE, HOTTEST, HOURS, heatGround, heatKind, heatRows, hourOf, shiftColumns, shiftOf } from "./heat";
import css from "./HeatMap.module.css";

interface HeatMapProps {
  groups: Schemas["OeeGroup"][];
  step: "hour" | "shift";
  subject: Pick<OeeAsked, "scope" | "policy">;
}

/** A table of days by hours or shifts, coloured by OEE; every cell is a link to its window. */
export function HeatMap({ groups, step, subject }: HeatMapProps) {
  const { t } = useLanguage();
  const f = useFormat();
  if (groups.length === 0) return <Text c="var(--ink-soft)">{t.oee.heat.empty}</Text>;
  const isByHour = step === "hour";
  const columns = isByHour ? HOURS : shiftColumns(groups, f.timeZone);
  const rows = heatRows(groups, f.timeZone, columns, isByHour ? (group) => hourOf(group, f.timeZone) : shiftOf);
  const names = new Map(groups.map((group) => [shiftOf(group), group.name === null ? "" : f.name(group.name)]));
  return (
    <>
      <div className={css.scroll} tabIndex={0} role="region" aria-label={t.oee.heat.title}>
        <table className={`${css.table} tabular`}>
          <thead>
            <tr>
              <th scope="col">{t.oee.heat.day}</th>
              {columns.map((column) => <th key={column} scope="col">{isByHour ? column : names.get(column)}</th>)}
            </tr>
          </thead>
          <tbody>
            {rows.map((row, place) => (
              <tr key={row.day}>
                <th scope="row">{f.day(row.start)}</th>
                {row.cells.map((cell, at) => (
                  <td key={columns[at]}>{cell.length === 0 && place > 0 ? <span className={css.none} title={t.oee.heat.unplanned}>–</span> : cell.map((group) => <Cell key={group.start} group={group} subject={subject} isWide={!isByHour} />)}</td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <div className={css.legend}>
        <span>≤ {f.wholePercent(COLDEST)} <i className={css.scale} aria-hidden /> ≥ {f.wholePercent(HOTTEST)}</span>
        <span><i className={`${css.swatch} ${css.thin}`} aria-hidden /> {t.oee.heat.thin(f.wholePercent(ENOUGH_COVERAGE))}</span>
        <span><b aria-hidden>?</b> {t.oee.heat.unseen}</span>
        <span><b aria-hidden>–</b> {t.oee.heat.unplanned}</span>
      </div>
    </>
  );
}

function Cell({ group, subject, isWide }: { group: Schemas["OeeGroup"]; subject: HeatMapProps["subject"]; isWide: boolean }) {
  const { t } = useLanguage();
  const f = useFormat();
  const kind = heatKind(group);
  const when = f.span(group.start, group.end);
  const hasFigure = kind === "figure" || kind === "thin";
  const said = hasFigure
    ? t.oee.heat.cell(when, f.percent(group.figure.oee), f.percent(group.figure.coverage))
    : t.oee.heat.without(when, t.oee.heat[kind]);
  return (
    <Link
      className={`${css.cell} ${isWide ? css.wide : ""} ${hasFigure ? css.figure : ""} ${kind === "thin" ? css.thin : ""}`}
      style={hasFigure ? { backgroundColor: heatGround(group.figure.oee ?? 0) } : undefined}
      to="/oee"
      search={{ ...subject, start: group.start, end: group.end }}
      aria-label={said}
      title={said}
    >
      {hasFigure ? Math.round((group.figure.oee ?? 0) * 100) : kind === "unseen" ? "?" : "–"}
      {hasFigure && isWide && (
        <span className={css.factors}>
          {(["availability", "effectiveness", "quality"] as const).map((name) => (
            <span key={name}>{t.oee.heat.short[name]} {f.wholePercent(group.figure[name])}</span>
          ))}
        </span>
      )}
    </Link>
  );
}
