import { Tooltip } from "@mantine/core";
import { IconHistory } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { gatewaysQuery } from "../api/queries";
import { useSession } from "../app/useSession";
import { useLanguage } from "../i18n/LanguageProvider";
import css from "./CatchingUpMark.module.css";
import { shareArrived } from "./catchingUp";

/** How far a backlog has come in, for whoever may look at gateways; nothing when there is none. */
export function CatchingUpMark() {
  const { t } = useLanguage();
  const { permissions } = useSession();
  const { data } = useQuery({ ...gatewaysQuery, refetchInterval: 10_000, enabled: permissions.includes("system.read") });
  const share = data ? shareArrived(data) : null;
  if (share === null) return null;
  const percent = Math.floor(share * 100);
  return (
    <Tooltip label={t.catchingUp.hint} multiline maw={280}>
      <span className={css.mark} role="progressbar" aria-label={t.catchingUp.label} aria-valuenow={percent} aria-valuemin={0} aria-valuemax={100}>
        <IconHistory size={15} aria-hidden />
        <span className={css.word}>{t.catchingUp.label}</span>
        <b className="tabular">{percent} %</b>
      </span>
    </Tooltip>
  );
}
