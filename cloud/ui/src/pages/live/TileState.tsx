import type { Schemas } from "../../api/client";
import { useFormat } from "../../format/useFormat";
import { useLanguage } from "../../i18n/LanguageProvider";
import { usePlantNow } from "../../live/usePlantNow";
import { StateMark } from "../../parts/StateMark";
import css from "./MachineTile.module.css";

/** What the machine does and since when; of an unwatched machine, until when it was seen. */
export function TileState({ tile, state }: { tile: Schemas["Tile"]; state: string }) {
  const { t } = useLanguage();
  const f = useFormat();
  const now = usePlantNow();
  const from = tile.fresh ? tile.state_since : tile.observed_through;
  const span = from === null || now === null ? null : f.duration(Math.max(0, (now - Date.parse(from)) / 1000));
  const until = tile.planned_stop_until;
  return (
    <div className={`${css.state} tabular`}>
      <StateMark state={state} />
      {span !== null && <span>{tile.fresh ? t.live.since(span) : t.live.unwatched(span)}</span>}
      {until !== null && <span className={css.planned}>{t.live.plannedStopUntil(now !== null && f.isoDay(now) === f.isoDay(until) ? f.time(until) : f.dayTime(until))}</span>}
    </div>
  );
}
