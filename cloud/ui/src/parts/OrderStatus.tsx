import { useLanguage } from "../i18n/LanguageProvider";
import { lookup } from "../i18n/lookup";
import css from "./StateMark.module.css";

const COLOURS: Record<string, string> = {
  open: "planned_stop",
  waiting: "planned_stop",
  in_production: "setup",
  running: "setup",
  completed: "running",
  done: "running",
};

/** The status of an order, work order or operation as a word on its colour. */
export function OrderStatus({ status, isSmall = false }: { status: string; isSmall?: boolean }) {
  const { t } = useLanguage();
  const colour = COLOURS[status] ?? "idle";
  return (
    <span
      className={`${css.mark} ${isSmall ? css.small : ""}`}
      style={{ color: `var(--${colour})`, background: `var(--${colour}-soft)`, paddingLeft: isSmall ? 8 : 10 }}
    >
      {lookup(t.orders.statuses, status)}
    </span>
  );
}
