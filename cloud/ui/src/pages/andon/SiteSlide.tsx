import type { Schemas } from "../../api/client";
import { useFormat } from "../../format/useFormat";
import { useLanguage } from "../../i18n/LanguageProvider";
import { lookup } from "../../i18n/lookup";
import { Coverage } from "../../parts/Coverage";
import { stateColours, stateIcon } from "../../parts/states";
import css from "./Andon.module.css";
import { ahead, isBelow, shownState } from "./slides";
import { Span } from "./Span";

/** Lines of the plant, one row each: OEE, count against target, its machines, and what stands longest. */
export function SiteSlide({ lines }: { lines: Schemas["AndonLine"][] }) {
  const { t } = useLanguage();
  return (
    <ul className={css.site} aria-label={t.oee.site}>
      {lines.map((line) => <Row key={line.line} line={line} />)}
    </ul>
  );
}

function Row({ line }: { line: Schemas["AndonLine"] }) {
  const { t } = useLanguage();
  const f = useFormat();
  const lead = ahead(line.good, line.target);
  const longest = line.machines
    .filter((each) => each.stop !== null)
    .sort((a, b) => (a.stop?.start ?? "").localeCompare(b.stop?.start ?? ""))[0];
  // A stop that has just begun is no stop of the list yet, but its machine stands.
  const standing = longest?.tile ?? line.machines.map(({ tile }) => tile).find((tile) => !["running", "unobserved"].includes(shownState(tile)));
  const unwatched = line.machines.filter(({ tile }) => shownState(tile) === "unobserved").length;
  // Of a machine that nobody watches nobody can say that it runs.
  const state = standing === undefined ? (unwatched > 0 ? "unobserved" : null) : shownState(standing);
  const Shape = state === null ? null : stateIcon(state);
  return (
    <li className={css.siteRow}>
      <p className={css.siteName}>{f.name(line.name)}<small>{f.name(line.area)}</small></p>
      <p className={`${css.siteFigure} tabular`} style={isBelow(line.oee, line.oee_target) ? { color: "var(--starved)" } : undefined}>
        <small>OEE{line.oee_target !== null && ` · ${t.andon.aim(f.wholePercent(line.oee_target))}`}</small>{f.percent(line.oee)}
        <small><Coverage of={line} isAlike isShort /></small>
      </p>
      <p className={`${css.siteFigure} tabular`}>
        <small>{t.andon.count}</small>{f.integer(line.good)}
        {line.target !== null && <small>/ {f.integer(line.target.parts)}</small>}
        {lead !== null && <small style={{ color: lead < 0 ? "var(--starved)" : "var(--running)" }}>{lead < 0 ? "−" : "+"}{f.integer(Math.abs(lead))}</small>}
      </p>
      <ol className={css.siteMachines} aria-label={t.live.machineFlow(f.name(line.name))}>
        {line.machines.map(({ tile }) => (
          <li key={tile.machine} style={{ background: stateColours(shownState(tile)).fill }} title={`${f.name(tile.name)}: ${lookup(t.states, shownState(tile))}`}>
            <span className={css.hidden}>{f.name(tile.name)}: {lookup(t.states, shownState(tile))}</span>
          </li>
        ))}
      </ol>
      <p className={css.siteStop} style={state === null ? undefined : { color: stateColours(state).ink }}>
        {Shape === null ? (
          t.andon.allRun
        ) : standing === undefined ? (
          <><Shape aria-hidden />{t.andon.unwatched(unwatched)}</>
        ) : (
          <>
            <Shape aria-hidden />
            <span className={css.siteWhy}>
              {f.name(standing.name)} · {longest?.stop?.reason ? f.name(longest.stop.reason) : lookup(t.states, shownState(standing))}
            </span>
            {longest !== undefined && <span className={css.siteSpan}>· <Span since={longest.stop?.start ?? null} /></span>}
          </>
        )}
      </p>
    </li>
  );
}
