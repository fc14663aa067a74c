import { Button, Skeleton } from "@mantine/core";
import { IconArrowBackUp, IconArrowRight } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import type { Schemas } from "../../api/client";
import { changesQuery } from "../../api/downtime";
import { useFormat } from "../../format/useFormat";
import { useLanguage } from "../../i18n/LanguageProvider";
import { lookup } from "../../i18n/lookup";
import { failureText } from "../../parts/failureText";
import { Loaded } from "../../parts/Loaded";
import { useStopWhy } from "../../parts/useStopWhy";
import css from "./Downtime.module.css";
import type { Stop } from "./reasonTree";
import { useStopAction, withdrawCorrection } from "./useStopAction";

interface StopHistoryProps {
  stop: Stop;
  mayUndo: boolean;
  /** Called when a change was taken back. */
  onUndone: () => void;
}

/** Who changed what about a stop and when, with before and after; what still counts can be taken back. */
export function StopHistory({ stop, mayUndo, onUndone }: StopHistoryProps) {
  const { t } = useLanguage();
  const f = useFormat();
  const query = useQuery(changesQuery(stop.machine, stop.start, stop.end));
  const undo = useStopAction(withdrawCorrection, onUndone);
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
                  {change.kind === "note" ? <p className={css.said}>{change.text}</p> : <Change change={change} lostS={stop.lost_s} />}
                </li>
              ))}
            </ol>
          )
        }
      </Loaded>
    </section>
  );
}

/** `lostS`: the planned time (s) that the stop cost; without any no reason can be missing. */
function Change({ change, lostS }: { change: Schemas["ChangeOut"]; lostS: number }) {
  const { t } = useLanguage();
  return (
    <div className={css.change}>
      <Shapes label={t.downtime.before} shapes={change.before} lostS={lostS} />
      <IconArrowRight size={16} aria-hidden color="var(--ink-faint)" />
      <Shapes label={t.downtime.after} shapes={change.after} lostS={lostS} />
    </div>
  );
}

function Shapes({ label, shapes, lostS }: { label: string; shapes: Schemas["StopShape"][]; lostS: number }) {
  const f = useFormat();
  const whyOf = useStopWhy();
  return (
    <ul aria-label={label} className="tabular">
      {shapes.map((shape) => (
        <li key={shape.start}>
          <span className={css.hint}>{f.time(shape.start)} – {f.time(shape.end)}</span>
          <span className={shape.reason === null && lostS > 0 ? css.missing : undefined}>{whyOf({ reason: shape.reason, lost_s: lostS })}</span>
        </li>
      ))}
    </ul>
  );
}
