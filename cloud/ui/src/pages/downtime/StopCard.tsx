import { Checkbox } from "@mantine/core";
import { IconChevronRight, IconMessage2 } from "@tabler/icons-react";
import { useFormat } from "../../format/useFormat";
import { useLanguage } from "../../i18n/LanguageProvider";
import { lookup } from "../../i18n/lookup";
import { StateMark } from "../../parts/StateMark";
import { stateColours } from "../../parts/states";
import { useMachineName } from "../../parts/useMachineName";
import { useStopWhy } from "../../parts/useStopWhy";
import css from "./Downtime.module.css";
import { isBare, type Stop } from "./reasonTree";

interface StopCardProps {
  stop: Stop;
  showsMachine: boolean;
  isOpen: boolean;
  /** Null while nobody selects. */
  isSelected: boolean | null;
  onOpen: () => void;
}

/** One stop as a large target: when, how long, in which state, why. */
export function StopCard({ stop, showsMachine, isOpen, isSelected, onOpen }: StopCardProps) {
  const { t } = useLanguage();
  const f = useFormat();
  const machineName = useMachineName();
  const whyOf = useStopWhy();
  const why = whyOf(stop);
  return (
    <li>
      <button
        type="button"
        className={`${css.item} ${isOpen || isSelected === true ? css.chosen : ""}`}
        style={{ borderLeftColor: stateColours(stop.state).fill }}
        aria-pressed={isSelected ?? undefined}
        aria-label={isSelected === null ? t.downtime.openStop(f.time(stop.start), why) : t.downtime.selectStop(f.time(stop.start))}
        onClick={onOpen}
      >
        {isSelected !== null && <Checkbox checked={isSelected} readOnly tabIndex={-1} size="md" aria-hidden className={css.check} />}
        <span className={css.when}>
          <b className="tabular">{f.shortDuration(stop.duration_s)}</b>
          <span className="tabular">{f.time(stop.start)} – {stop.ongoing ? t.downtime.ongoing : f.time(stop.end)}</span>
        </span>
        <span className={css.what}>
          <span className={css.line}>
            {stop.reason === null ? <StateMark state={stop.state} isSmall /> : <b className={css.reason}>{why}</b>}
            {stop.notes.length > 0 && <IconMessage2 size={16} aria-label={t.downtime.notes} />}
          </span>
          <span className={css.soft}>
            {showsMachine && <span>{machineName(stop.machine)}</span>}
            {stop.reason !== null && <span>{lookup(t.states, stop.state)}</span>}
            {stop.reason === null && !isBare(stop) && <span>{why}</span>}
            {stop.source !== null && <span>{stop.by === null ? lookup(t.downtime.sources, stop.source) : t.downtime.byWhom(stop.by)}</span>}
            {stop.order !== null && <span>{stop.order}{stop.customer_name !== null && ` · ${f.name(stop.customer_name)}`}</span>}
          </span>
        </span>
        {isSelected === null && (isBare(stop) ? <span className={css.ask}>{t.downtime.choose}</span> : <IconChevronRight size={20} color="var(--ink-faint)" aria-hidden />)}
      </button>
    </li>
  );
}
