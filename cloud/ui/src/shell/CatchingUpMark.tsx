import { Tooltip } from "@mantine/core";
import { IconHistory } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { backlogQuery } from "../api/queries";
import { useSession } from "../app/useSession";
import { useFormat } from "../format/useFormat";
import { useLanguage } from "../i18n/LanguageProvider";
import css from "./CatchingUpMark.module.css";
import { shareArrived } from "./catchingUp";

/** How far a backlog has come in, for whoever may look at gateways; nothing when there is none. */
export function CatchingUpMark() {
  const { t } = useLanguage();
  const f = useFormat();
  const { permissions } = useSession();
  const { data: share = null } = useQuery({ ...backlogQuery, select: shareArrived, enabled: permissions.includes("system.read") });
  if (share === null) return null;
  // Rounded down: all has arrived only when the mark goes.
  const percent = Math.floor(share * 100);
  return (
    <Tooltip label={t.catchingUp.hint} multiline maw={280}>
      <span className={css.mark} role="progressbar" aria-label={t.catchingUp.label} aria-valuenow={percent} aria-valuemin={0} aria-valuemax={100}>
        <IconHistory size={15} aria-hidden />
        <span className={css.word}>{t.catchingUp.label}</span>
        <b className="tabular">{f.wholePercent(percent / 100)}</b>
      </span>
    </Tooltip>
  );
}
