import { Text } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import type { Schemas } from "../../api/client";
import { useLanguage } from "../../i18n/LanguageProvider";
import { lookup } from "../../i18n/lookup";
import css from "./AffectedOrders.module.css";

/** Whose order runs, or runs next, on the machine that gave the alarm. */
export function AffectedOrders({ affected }: { affected: Schemas["AffectedOrder"][] }) {
  const { t, language } = useLanguage();
  if (affected.length === 0) return <Text c="var(--ink-soft)">{t.alarms.noAffected}</Text>;
  return (
    <ul className={css.list}>
      {affected.map((each) => (
        <li className={css.item} key={`${each.order}/${each.work_order}/${each.operation}/${each.when}`}>
          <span className={css.row}>
            <span className={css.customer}>{language === "zh" ? each.customer_name_zh : each.customer_name_en}</span>
            <span className={`${css.when} ${each.when === "running" ? css.running : ""}`}>{lookup(t.alarms.when, each.when)}</span>
          </span>
          <span className={css.row}>
            <Link className={css.link} to="/orders/$number" params={{ number: each.order }}>{each.order}</Link>
            <span className={css.soft}>{each.product} · {t.alarms.workOrder(each.work_order, each.operation)}</span>
          </span>
        </li>
      ))}
    </ul>
  );
}
