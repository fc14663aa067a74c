import { ActionIcon, Button, Skeleton } from "@mantine/core";
import { IconArrowDown, IconArrowUp, IconListDetails, IconPencil, IconPlus } from "@tabler/icons-react";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { answered, api, type Schemas } from "../../../api/client";
import { rulesQuery } from "../../../api/downtime";
import { useLanguage } from "../../../i18n/LanguageProvider";
import { Card } from "../../../parts/Card";
import { Empty } from "../../../parts/Empty";
import { failureText } from "../../../parts/failureText";
import { Loaded } from "../../../parts/Loaded";
import css from "../Downtime.module.css";
import { useMeanings } from "../useMeanings";
import { useReasonsChanged } from "../useReasonsChanged";
import { moved } from "./order";
import own from "./Reasons.module.css";
import { RuleDialog } from "./RuleDialog";
import { useRuleWords } from "./useRuleWords";

type Rule = Schemas["RuleOut"];

/** The rules in the order in which they are asked: the first that fits names the reason. */
export function RuleList() {
  const { t } = useLanguage();
  const { meant } = useMeanings();
  const words = useRuleWords();
  const query = useQuery(rulesQuery);
  const changed = useReasonsChanged();
  const [opened, setOpened] = useState<{ rule: Rule | null } | null>(null);
  const order = useMutation({
    mutationFn: (rules: number[]) => answered(api.PUT("/api/v1/downtime/rules/order", { body: { rules } })),
    onSettled: changed,
  });
  return (
    <Card title={t.reasons.parts.rules} hint={<Button size="sm" leftSection={<IconPlus size={16} />} onClick={() => setOpened({ rule: null })}>{t.reasons.addRule}</Button>}>
      <p className={css.hint}>{t.reasons.rulesLead}</p>
      {order.error !== null && <p className={css.refused} role="alert">{failureText(order.error, t)}</p>}
      <Loaded query={query} skeleton={<Skeleton h={220} radius={10} mt="sm" />}>
        {(rules) =>
          rules.length === 0 ? (
            <Empty icon={IconListDetails} title={t.reasons.noRules} hint={t.reasons.noRulesHint} />
          ) : (
            <ol className={own.tree} aria-label={t.reasons.parts.rules}>
              {rules.map((rule, at) => {
                const name = meant("reason", rule.reason);
                const move = (by: -1 | 1) => order.mutate(moved(rules.map(({ id }) => id), at, by));
                return (
                  <li key={rule.id} className={`${own.leaf} ${rule.active ? "" : own.retired}`}>
                    <span className={`${own.number} tabular`}>{at + 1}</span>
                    <div className={css.grow}>
                      <b>{name}</b> {!rule.active && <span className={css.hint}>{t.reasons.ruleOff}</span>}
                      <div className={css.soft}>{words(rule).map((each) => <span key={each}>{each}</span>)}</div>
                    </div>
                    <ActionIcon variant="subtle" color="gray" size="lg" disabled={at === 0 || order.isPending} aria-label={t.reasons.up(name)} onClick={() => move(-1)}><IconArrowUp size={17} /></ActionIcon>
                    <ActionIcon variant="subtle" color="gray" size="lg" disabled={at === rules.length - 1 || order.isPending} aria-label={t.reasons.down(name)} onClick={() => move(1)}><IconArrowDown size={17} /></ActionIcon>
                    <ActionIcon variant="subtle" size="lg" aria-label={t.reasons.edit(name)} onClick={() => setOpened({ rule })}><IconPencil size={17} /></ActionIcon>
                  </li>
                );
              })}
            </ol>
          )
        }
      </Loaded>
      {opened !== null && <RuleDialog rule={opened.rule} onClose={() => setOpened(null)} />}
    </Card>
  );
}
