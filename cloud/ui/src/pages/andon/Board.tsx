import { IconArrowsMaximize, IconChevronLeft, IconChevronRight, IconPlayerPause, IconPlayerPlay, IconX } from "@tabler/icons-react";
import { Link, useSearch } from "@tanstack/react-router";
import type { Schemas } from "../../api/client";
import { useLanguage } from "../../i18n/LanguageProvider";
import css from "./Andon.module.css";
import { BoardHead } from "./BoardHead";
import { LineSlide } from "./LineSlide";
import { MachineSlide } from "./MachineSlide";
import { SiteSlide } from "./SiteSlide";
import { type Slide, slidesOf } from "./slides";
import { type Turning, useSlide } from "./useSlide";

const EVERY_S = 15;

/** One screen of the board at a time, its head above, what is shown and how to leave it below. */
export function Board({ board, seenAt }: { board: Schemas["AndonOut"]; seenAt: number }) {
  const { t } = useLanguage();
  const { screens, every = EVERY_S } = useSearch({ from: "/screen/andon" });
  const { slides, unknown } = slidesOf(screens?.split(",") ?? [], board.lines);
  const turning = useSlide(slides.length, every);
  const slide = slides[turning.index];
  return (
    <>
      <BoardHead board={board} slide={slide} seenAt={seenAt} />
      {slide === undefined ? (
        <main className={css.middle}>
          <p>
            {board.lines.length === 0 ? t.live.empty : t.andon.nothing}
            <small>{board.lines.length === 0 ? t.live.emptyHint : t.andon.words}</small>
          </p>
        </main>
      ) : (
        <main className={css.main} key={slide.key} data-slide={slide.key} aria-live="off">
          <Shown slide={slide} board={board} />
        </main>
      )}
      <footer className={css.foot}>
        <span className={css.unknown}>{unknown.length > 0 && t.andon.unknown(unknown.join(", "))}</span>
        <ol className={css.dots} aria-hidden>
          {slides.length > 1 && slides.length <= 24 && slides.map(({ key }, at) => <li key={key} data-now={at === turning.index || undefined} />)}
          {slides.length > 24 && <li className={css.place}>{turning.index + 1} / {slides.length}</li>}
        </ol>
        <Controls turning={turning} hasMany={slides.length > 1} />
      </footer>
    </>
  );
}

function Shown({ slide, board }: { slide: Slide; board: Schemas["AndonOut"] }) {
  const { t } = useLanguage();
  if (slide.kind === "site") return <SiteSlide lines={slide.lines} />;
  const pause = board.shift_name === null ? t.live.noShift : t.live.inBreak;
  if (slide.kind === "line") return <LineSlide line={slide.line} machines={slide.machines} pause={pause} />;
  return <MachineSlide machine={slide.machine} pause={pause} />;
}

/** Seen by who moves a pointer or a focus; a television has neither. */
function Controls({ turning, hasMany }: { turning: Turning; hasMany: boolean }) {
  const { t } = useLanguage();
  return (
    <div className={css.controls}>
      {hasMany && (
        <>
          <button type="button" aria-label={t.andon.before} onClick={() => turning.step(-1)}><IconChevronLeft /></button>
          <button type="button" aria-label={turning.isPaused ? t.andon.go : t.andon.pause} onClick={turning.pause}>
            {turning.isPaused ? <IconPlayerPlay /> : <IconPlayerPause />}
          </button>
          <button type="button" aria-label={t.andon.next} onClick={() => turning.step(1)}><IconChevronRight /></button>
        </>
      )}
      <button type="button" aria-label={t.andon.full} onClick={() => void document.documentElement.requestFullscreen().catch(() => undefined)}>
        <IconArrowsMaximize />
      </button>
      <Link to="/" aria-label={t.andon.leave}><IconX /></Link>
    </div>
  );
}
