import { IconBellRinging } from "@tabler/icons-react";
import type { CSSProperties } from "react";
import type { Schemas } from "../../api/client";
import { useFormat } from "../../format/useFormat";
import { useLanguage } from "../../i18n/LanguageProvider";
import { lookup } from "../../i18n/lookup";
import { stateColours } from "../../parts/states";
import css from "./MachineTile.module.css";
import { TileFigures } from "./TileFigures";
import { TileOrder } from "./TileOrder";
import { TileState } from "./TileState";

/** A machine now. The whole tile opens it; the name is the button that a keyboard reaches. */
export function MachineTile({ tile, onOpen }: { tile: Schemas["Tile"]; onOpen: () => void }) {
  const { t } = useLanguage();
  const f = useFormat();
  const state = tile.fresh ? tile.state : "unobserved";
  return (
    <article
      className={`${css.tile} ${tile.fresh ? "" : css.stale}`}
      style={{ "--state": stateColours(state).fill } as CSSProperties}
      aria-label={`${f.name(tile.name)} ${tile.machine}`}
      data-machine={tile.machine}
    >
      <div className={css.head}>
        <div>
          <h3 className={css.name}>
            <button type="button" className={css.open} onClick={onOpen} aria-label={t.live.open(f.name(tile.name))}>
              {f.name(tile.name)}
            </button>
          </h3>
          <span className={css.id}>{tile.machine}</span>
        </div>
        {tile.alarm !== null && (
          <span className={`${css.alarm} ${tile.alarm.severity === "critical" ? css.critical : css.warning}`}>
            <IconBellRinging size={14} aria-hidden />
            {lookup(t.alarms.severities, tile.alarm.severity)}
          </span>
        )}
      </div>
      <TileState tile={tile} state={state} />
      <TileFigures tile={tile} />
      <TileOrder running={tile.running} />
    </article>
  );
}
