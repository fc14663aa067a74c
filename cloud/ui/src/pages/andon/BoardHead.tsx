import { IconAlertTriangleFilled } from "@tabler/icons-react";
import { useSuspenseQuery } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import type { Schemas } from "../../api/client";
import { plantQuery } from "../../api/queries";
import { useFormat } from "../../format/useFormat";
import { useLanguage } from "../../i18n/LanguageProvider";
import { useConnection } from "../../live/LiveProvider";
import { usePlantNow } from "../../live/usePlantNow";
import css from "./Andon.module.css";
import type { Slide } from "./slides";

/** Older than this, what the board shows is called old. Two missed polls lie within it. */
const STALE_MS = 15_000;

/** What is shown, the shift, the plant's clock; a bar in warning colours as soon as the data are old. */
export function BoardHead({ board, slide, seenAt }: { board: Schemas["AndonOut"]; slide: Slide | undefined; seenAt: number }) {
  const { t } = useLanguage();
  const f = useFormat();
  const { data: plant } = useSuspenseQuery(plantQuery);
  const now = usePlantNow();
  const shift = board.shift_name === null ? t.live.noShift : `${f.name(board.shift_name)} ${f.time(board.shift_start)}–${f.time(board.shift_end)}`;
  const [title, under] = titles(slide, f.name(plant.name), f.name);
  return (
    <header className={css.head}>
      <h1 className={css.title}>{title}<small>{under}</small></h1>
      <div className={css.shift}>
        {shift}
        {board.in_break && <b>{t.live.inBreak}</b>}
      </div>
      <div className={`${css.clock} tabular`} role="group" aria-label={t.clock.label}>{f.time(now)}</div>
      <Staleness seenAt={seenAt} />
    </header>
  );
}

function titles(slide: Slide | undefined, plant: string, name: (names: Schemas["Name"]) => string): [string, string] {
  if (slide === undefined) return [plant, ""];
  const part = slide.kind === "machine" || slide.part.of === 1 ? "" : `${slide.part.at}/${slide.part.of}`;
  if (slide.kind === "site") return [plant, part];
  if (slide.kind === "line") return [name(slide.line.name), [part, name(slide.line.area)].filter(Boolean).join(" · ")];
  return [name(slide.machine.tile.name), `${slide.machine.tile.machine} · ${name(slide.line.name)}`];
}

function Staleness({ seenAt }: { seenAt: number }) {
  const { t } = useLanguage();
  const f = useFormat();
  const connection = useConnection();
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const timer = globalThis.setInterval(() => setNow(Date.now()), 1000);
    return () => globalThis.clearInterval(timer);
  }, []);
  const age = now - seenAt;
  if (age < STALE_MS && connection !== "offline") return null;
  return (
    <div className={css.stale} role="alert">
      <IconAlertTriangleFilled aria-hidden />
      {t.andon.stale(f.duration(Math.max(0, age) / 1000))}
    </div>
  );
}
