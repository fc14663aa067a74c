import { IconEyeOff } from "@tabler/icons-react";
import { useFormat } from "../format/useFormat";
import { useLanguage } from "../i18n/LanguageProvider";
import css from "./Coverage.module.css";
import { toldCoverage } from "./watched";

interface CoverageProps {
  /** The figure that is shown beside it; undefined while it is on its way. */
  of: { coverage: number | null } | undefined;
  /** Whether it is as large as the text it stands in, as on a board. */
  isAlike?: boolean;
  /** Whether the sign stands for the word, where letters are large and room is not. */
  isShort?: boolean;
}

/** How much of the planned time a figure speaks for; nothing when all of it was watched. */
export function Coverage({ of: figure, isAlike = false, isShort = false }: CoverageProps) {
  const { t } = useLanguage();
  const f = useFormat();
  const coverage = toldCoverage(figure?.coverage);
  if (coverage === null) return null;
  return (
    <span className={`${css.coverage} ${isAlike ? css.alike : ""} tabular`} data-coverage title={`${t.figures.coverage}: ${t.figureHints.coverage}`}>
      {isShort ? <IconEyeOff aria-label={t.figures.coverage} /> : <><IconEyeOff aria-hidden />{t.figures.coverage} </>}
      {f.percent(coverage)}
    </span>
  );
}
