import { ActionIcon, Button, Skeleton } from "@mantine/core";
import { IconArrowDown, IconArrowUp, IconBinaryTree2, IconPencil, IconPlus } from "@tabler/icons-react";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { answered, api } from "../../../api/client";
import { reasonsQuery } from "../../../api/downtime";
import { useFormat } from "../../../format/useFormat";
import { useLanguage } from "../../../i18n/LanguageProvider";
import { lookup } from "../../../i18n/lookup";
import { Card } from "../../../parts/Card";
import { Empty } from "../../../parts/Empty";
import { failureText } from "../../../parts/failureText";
import { Loaded } from "../../../parts/Loaded";
import { LOSS_COLOURS } from "../../../parts/states";
import css from "../Downtime.module.css";
import type { Reason } from "../reasonTree";
import { useReasonsChanged } from "../useReasonsChanged";
import { ReasonDialog } from "./ReasonDialog";
import own from "./Reasons.module.css";
import { moved, siblingsOf } from "./order";

type Opened = { reason: Reason | null; parent: string | null } | null;

/** The tree of reasons: added, renamed, moved, retired; never deleted, for stops of the past bear them. */
export function TreeEditor() {
  const { t } = useLanguage();
  const f = useFormat();
  const query = useQuery(reasonsQuery);
  const changed = useReasonsChanged();
  const [opened, setOpened] = useState<Opened>(null);
  const order = useMutation({
    mutationFn: ({ parent, reasons }: { parent: string | null; reasons: string[] }) => answered(api.PUT("/api/v1/downtime/reasons/order", { body: { parent, reasons } })),
    onSettled: changed,
  });
  return (
    <Card
      title={t.reasons.parts.tree}
      hint={<Button size="sm" leftSection={<IconPlus size={16} />} onClick={() => setOpened({ reason: null, parent: null })}>{t.reasons.addGroup}</Button>}
    >
      <p className={css.hint}>{t.reasons.treeLead}</p>
      {order.error !== null && <p className={css.refused} role="alert">{failureText(order.error, t)}</p>}
      <Loaded query={query} skeleton={<Skeleton h={360} radius={10} mt="sm" />}>
        {(reasons) =>
          reasons.length === 0 ? (
            <Empty icon={IconBinaryTree2} title={t.reasons.noReasons} hint={t.reasons.noReasonsHint} />
          ) : (
            <ul className={own.tree} aria-label={t.reasons.parts.tree}>
              {reasons.map((reason) => {
                const siblings = siblingsOf(reasons, reason);
                const at = siblings.indexOf(reason.id);
                const name = f.name(reason.name);
                const move = (by: -1 | 1) => order.mutate({ parent: reason.parent, reasons: moved(siblings, at, by) });
                return (
                  <li key={reason.id} className={`${reason.category === null ? own.group : own.leaf} ${reason.active ? "" : own.retired}`} style={{ marginLeft: depthOf(reasons, reason) * 22, borderLeftColor: reason.category === null ? "transparent" : `var(--${LOSS_COLOURS[reason.category] ?? "idle"}-fill)` }}>
                    <div className={css.grow}>
                      <b>{name}</b> <span className={`${css.hint} ${own.other}`}>{reason.name.zh === name ? reason.name.en : reason.name.zh}</span>
                      <div className={css.soft}>
                        {reason.category !== null && <span>{lookup(t.losses, reason.category)}</span>}
                        {reason.scopes.length > 0 && <span>{reason.scopes.map((scope) => scope.split(":")[1]).join(", ")}</span>}
                        {!reason.active && <span>{t.reasons.retired}</span>}
                      </div>
                    </div>
                    {reason.category === null && (
                      <Button variant="subtle" size="compact-sm" leftSection={<IconPlus size={14} />} aria-label={t.reasons.addBelow(name)} onClick={() => setOpened({ reason: null, parent: reason.id })}>{t.reasons.add}</Button>
                    )}
                    <ActionIcon variant="subtle" color="gray" size="lg" disabled={at <= 0 || order.isPending} aria-label={t.reasons.up(name)} onClick={() => move(-1)}><IconArrowUp size={17} /></ActionIcon>
                    <ActionIcon variant="subtle" color="gray" size="lg" disabled={at >= siblings.length - 1 || order.isPending} aria-label={t.reasons.down(name)} onClick={() => move(1)}><IconArrowDown size={17} /></ActionIcon>
                    <ActionIcon variant="subtle" size="lg" aria-label={t.reasons.edit(name)} onClick={() => setOpened({ reason, parent: reason.parent })}><IconPencil size={17} /></ActionIcon>
                  </li>
                );
              })}
            </ul>
          )
        }
      </Loaded>
      {opened !== null && <ReasonDialog reason={opened.reason} parent={opened.parent} reasons={query.data ?? []} onClose={() => setOpened(null)} />}
    </Card>
  );
}

function depthOf(reasons: Reason[], reason: Reason): number {
  let depth = 0;
  let parent = reason.parent;
  while (parent !== null && depth < 8) {
    depth += 1;
    parent = reasons.find(({ id }) => id === parent)?.parent ?? null;
  }
  return depth;
}
