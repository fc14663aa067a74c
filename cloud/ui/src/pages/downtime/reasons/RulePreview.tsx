import { Skeleton } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { answered, api, type Schemas } from "../../../api/client";
import { useFormat } from "../../../format/useFormat";
import { useLanguage } from "../../../i18n/LanguageProvider";
import { plantClock } from "../../../live/plantClock";
import { Loaded } from "../../../parts/Loaded";
import { StateMark } from "../../../parts/StateMark";
import { useMachineName } from "../../../parts/useMachineName";
import css from "../Downtime.module.css";
import own from "./Reasons.module.css";

const DAYS = 3;
const TYPED_MS = 600;

/** What the rule would have done over the last days, had it held. */
export function RulePreview({ rule, replaces }: { rule: Schemas["RuleIn"]; replaces: number | null }) {
  const { t } = useLanguage();
  const f = useFormat();
  const machineName = useMachineName();
  const [end] = useState(() => plantClock.now() ?? 0);
  // A rule that holds from now on is tried as if it had held before: else it would never fit.
  const tried = { ...rule, valid_from: null };
  const [asked] = useDebouncedValue(JSON.stringify(tried), TYPED_MS);
  const query = useQuery({
    queryKey: ["reasons", "preview", asked, replaces, end],
    queryFn: () =>
      answered(
        api.POST("/api/v1/downtime/rules/preview", {
          body: { rule: JSON.parse(asked) as Schemas["RuleIn"], replaces, start: new Date(end - DAYS * 86_400_000).toISOString(), end: new Date(end).toISOString() },
        }),
      ),
    placeholderData: keepPreviousData,
    staleTime: Infinity,
  });
  return (
    <section className={own.preview} aria-label={t.reasons.preview(DAYS)}>
      <h4>{t.reasons.preview(DAYS)}</h4>
      <Loaded query={query} skeleton={<Skeleton h={60} radius={8} />}>
        {(found) => (
          <div className={query.isPlaceholderData ? css.old : undefined} aria-busy={query.isPlaceholderData}>
            <p><b>{t.reasons.explains(f.integer(found.explains), f.machineTime(found.lost_s))}</b></p>
            <p className={css.soft}>
              <span>{t.reasons.unexplained(f.integer(found.unexplained))}</span>
              {found.changed > 0 && <span>{t.reasons.changed(f.integer(found.changed))}</span>}
              {found.earlier > 0 && <span>{t.reasons.earlier(f.integer(found.earlier))}</span>}
              {found.said > 0 && <span>{t.reasons.said(f.integer(found.said))}</span>}
            </p>
            <ul className={own.sample}>
              {found.stops.slice(0, 6).map((stop) => (
                <li key={`${stop.machine}@${stop.start}`}>
                  <span className="tabular">{f.dayTime(stop.start)}</span>
                  <span className={css.grow}>{machineName(stop.machine)}</span>
                  <StateMark state={stop.state} isSmall />
                  <span className="tabular">{f.shortDuration(stop.duration_s)}</span>
                </li>
              ))}
            </ul>
          </div>
        )}
      </Loaded>
    </section>
  );
}
