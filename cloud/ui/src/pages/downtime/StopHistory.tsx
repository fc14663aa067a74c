import { Button, Skeleton } from "@mantine/core";
import { IconArrowBackUp, IconArrowRight } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { answered, api, type Schemas } from "../../api/client";
import { changesQuery } from "../../api/downtime";
import { useFormat } from "../../format/useFormat";
import { useLanguage } from "../../i18n/LanguageProvider";
import { lookup } from "../../i18n/lookup";
import { failureText } from "../../parts/failureText";
import { Loaded } from "../../parts/Loaded";
import css from "./Downtime.module.css";
import type { Reason, Stop } from "./reasonTree";
import { useStopAction } from "./useStopAction";

interface StopHistoryProps {
  stop: Stop;
  known: Map<string, Reason>;
  mayUndo: boolean;
}

/** Who changed what about a stop and when, with before and after; what still counts can be taken back. */
export function StopHistory({ stop, known, mayUndo }: StopHistoryProps) {
  const { t } = useLanguage();
  const f = useFormat();
  const query = useQuery(changesQuery(stop.machine, stop.start, stop.end));
  const undo = useStopAction((number: number) =>
    answered(api.POST("/api/v1/downtime/corrections/{number}/withdraw", { params: { path: { number } } })),
  );
  return (
    <section className={css.block} aria-label={t.downtime.history}>
      <h3>{t.downtime.history}</h3>
      {undo.error !== null && <p className={css.refused} role="alert">{failureText(undo.error, t)}</p>}
      <Loaded query={query} skeleton={<Skeleton h={48} radius={8} />}>
        {(changes) =>
          changes.length === 0 ? (
            <p className={css.hint}>{t.downtime.noHistory}</p>
          ) : (
            <ol className={css.changes}>
              {changes.map((change) => (
                <li key={`${change.number}/${change.kind}`}>
                  <div className={css.line}>
                    <b>{lookup(t.downtime.kinds, change.kind)}</b>
                    <span className={`${css.hint} ${css.grow} tabular`}>{change.by} · {f.dayTimeWithSeconds(change.at)}</span>
                    {mayUndo && change.may_withdraw && (
                      <Button
                        size="compact-md"
                        variant="default"
                        leftSection={<IconArrowBackUp size={15} />}
                        aria-label={t.downtime.undoOf(lookup(t.downtime.kinds, change.kind))}
                        loading={undo.isPending && undo.variables === change.number}
                        onClick={() => undo.mutate(change.number)}
                      >
                        {t.downtime.undo}
                      </Button>
                    )}
                  </div>
                  {change.kind === "note" ? <p className={css.said}>{change.text}</p> : <Change change={change} known={known} />}
                </li>
              ))}
            </ol>
          )
        }
      </Loaded>
    </section>
  );
}

function Change({ change, known }: { change: Schemas["ChangeOut"]; known: Map<string, Reason> }) {
  const { t } = useLanguage();
  return (
    <div className={css.change}>
      <Shapes label={t.downtime.before} shapes={change.before} known={known} />
      <IconArrowRight size={16} aria-hidden color="var(--ink-faint)" />
      <Shapes label={t.downtime.after} shapes={change.after} known={known} />
    </div>
  );
}

function Shapes({ label, shapes, known }: { label: string; shapes: Schemas["StopShape"][]; known: Map<string, Reason> }) {
  const { t } = useLanguage();
  const f = useFormat();
  const nameOf = (id: string | null) => {
    const reason = known.get(id ?? "");
    return id === null ? t.downtime.unexplained : reason === undefined ? id : f.name(reason.name);
  };
  return (
    <ul aria-label={label} className="tabular">
      {shapes.map((shape) => (
        <li key={shape.start}>
          <span className={css.hint}>{f.time(shape.start)} – {f.time(shape.end)}</span>
          <span className={shape.reason === null ? css.missing : undefined}>{nameOf(shape.reason)}</span>
        </li>
      ))}
    </ul>
  );
}
