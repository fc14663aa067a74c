import { Button, Drawer, Group, Skeleton, Text } from "@mantine/core";
import { IconChartLine, IconGauge, IconRoute } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { answered, api } from "../../api/client";
import { stopQuery } from "../../api/downtime";
import { useSession } from "../../app/useSession";
import { useFormat } from "../../format/useFormat";
import { useLanguage } from "../../i18n/LanguageProvider";
import { lookup } from "../../i18n/lookup";
import { failureText } from "../../parts/failureText";
import { LinkButton } from "../../parts/LinkButton";
import { Loaded } from "../../parts/Loaded";
import { StateMark } from "../../parts/StateMark";
import { useMachineName } from "../../parts/useMachineName";
import { useReasonName } from "../../parts/useReasonName";
import { useStopWhy } from "../../parts/useStopWhy";
import { useLastShown } from "../../parts/useLastShown";
import { type Done, DoneLine } from "./DoneLine";
import css from "./Downtime.module.css";
import { MergeChoice } from "./MergeChoice";
import { NoteForm } from "./NoteForm";
import { ReasonPicker } from "./ReasonPicker";
import { isBare, type Stop, stopKey as keyOf, stopRef } from "./reasonTree";
import { SplitForm } from "./SplitForm";
import { StopHistory } from "./StopHistory";
import { useStopAction } from "./useStopAction";

interface StopSheetProps {
  stopKey: string | undefined;
  /** The stop as the list has it, to be shown at once; null when its filter leaves it out. */
  listed: Stop | null;
  isRunning: boolean;
  onOpen: (stop: string) => void;
  onClose: () => void;
}

/** One stop: its reason, its parts, its neighbours, its notes, its history. */
export function StopSheet({ stopKey, listed, isRunning, onOpen, onClose }: StopSheetProps) {
  const { t } = useLanguage();
  const f = useFormat();
  const machineName = useMachineName();
  const shown = useLastShown(stopKey ?? null) ?? "";
  const query = useQuery({ ...stopQuery(shown, isRunning), enabled: stopKey !== undefined, placeholderData: listed ?? undefined });
  const [done, setDone] = useState<(Done & { stop: string }) | null>(null);
  const stop = query.data ?? null;
  const close = () => {
    setDone(null);
    onClose();
  };
  return (
    <Drawer
      opened={stopKey !== undefined}
      onClose={close}
      position="right"
      size={560}
      closeButtonProps={{ "aria-label": t.close, size: "lg" }}
      title={
        <Text fw={650} fz="lg" component="div">
          {stop === null ? t.downtime.detail : machineName(stop.machine)}
          {stop !== null && <Text span c="var(--ink-soft)" fz="sm" className="tabular"> {f.day(stop.start)} {f.timeWithSeconds(stop.start)} – {stop.ongoing ? t.downtime.ongoing : f.timeWithSeconds(stop.end)}</Text>}
        </Text>
      }
    >
      <Loaded query={query} skeleton={<Skeleton h={320} radius={12} />}>
        {(found) =>
          found === null ? (
            <p className={css.refused} role="alert">{t.downtime.gone}</p>
          ) : (
            <Sheet
              key={keyOf(found)}
              stop={found}
              done={done?.stop === shown ? done : null}
              onDone={(next) => setDone(next === null ? null : { ...next, stop: shown })}
              onMerged={(next, merged) => {
                setDone({ ...merged, stop: next });
                onOpen(next);
              }}
            />
          )
        }
      </Loaded>
    </Drawer>
  );
}

interface SheetProps {
  stop: Stop;
  done: Done | null;
  onDone: (done: Done | null) => void;
  onMerged: (stop: string, done: Done) => void;
}

function Sheet({ stop, done, onDone, onMerged }: SheetProps) {
  const { t } = useLanguage();
  const mayAssign = useSession().permissions.includes("downtime.assign");
  const reasonName = useReasonName();
  const assign = useStopAction(
    (reason: string | null) => answered(api.POST("/api/v1/downtime/assign", { body: { stops: [stopRef(stop)], reason, note: "" } })),
    ({ numbers }, reason) => onDone({ text: reason === null ? t.downtime.cleared : t.downtime.done(reasonName(reason)), number: numbers[0] ?? null }),
  );
  const give = (reason: string | null) => {
    onDone(null);
    assign.mutate(reason);
  };
  const undone = () => onDone({ text: t.downtime.undone, number: null });
  return (
    <div className={css.sheet}>
      <Facts stop={stop} />
      {done !== null && <DoneLine done={done} onUndone={undone} />}
      {assign.error !== null && <p className={css.refused} role="alert">{failureText(assign.error, t)}</p>}
      {mayAssign ? (
        <>
          <section className={css.block}>
            <h3>{t.downtime.reason}</h3>
            <ReasonPicker machines={[stop.machine]} chosen={stop.reason} isBusy={assign.isPending} onChoose={give} />
            {stop.source === "operator" && (
              <Button variant="subtle" color="gray" size="md" onClick={() => give(null)} disabled={assign.isPending}>{t.downtime.clear}</Button>
            )}
          </section>
          <NoteForm stop={stop} />
          <SplitForm stop={stop} onDone={(number) => onDone({ text: t.downtime.splitDone, number })} />
          <MergeChoice stop={stop} onMerged={(next, number) => onMerged(next, { text: t.downtime.mergeDone, number })} />
        </>
      ) : (
        <>
          <p className={css.hint}>{t.downtime.readOnly}</p>
          <NoteForm stop={stop} isReadOnly />
        </>
      )}
      <StopHistory stop={stop} mayUndo={mayAssign} onUndone={undone} />
      <Links stop={stop} />
    </div>
  );
}

function Facts({ stop }: { stop: Stop }) {
  const { t } = useLanguage();
  const f = useFormat();
  const whyOf = useStopWhy();
  return (
    <div className={css.facts}>
      <div className={css.line}>
        <b className={`${css.length} tabular`}>{f.machineTime(stop.duration_s)}</b>
        <StateMark state={stop.state} />
      </div>
      <p className={css.why}>
        <b className={isBare(stop) ? css.missing : undefined}>{whyOf(stop)}</b>
        {stop.source !== null && <span> · {lookup(t.downtime.sources, stop.source)}{stop.by !== null && `, ${stop.by}`}</span>}
      </p>
      <p className={css.soft}>
        <span>{lookup(t.losses, stop.category)}</span>
        {stop.lost_s !== stop.duration_s && <span>{t.downtime.lostOf(f.machineTime(stop.lost_s))}</span>}
        {stop.order !== null && <span>{t.downtime.order} {stop.order}{stop.customer_name !== null && ` · ${f.name(stop.customer_name)}`}</span>}
      </p>
    </div>
  );
}

function Links({ stop }: { stop: Stop }) {
  const { t } = useLanguage();
  const { permissions } = useSession();
  return (
    <Group gap="sm">
      <LinkButton to="/oee" search={{ scope: `machine:${stop.machine}`, start: stop.start, end: stop.end }} variant="default" leftSection={<IconGauge size={17} />}>{t.downtime.toOee}</LinkButton>
      <LinkButton to="/history" search={{ q: `/${stop.machine}/`, start: stop.start, end: stop.end }} variant="default" leftSection={<IconChartLine size={17} />}>{t.downtime.toSignals}</LinkButton>
      {stop.order !== null && permissions.includes("orders.read") && (
        <LinkButton to="/orders/$number" params={{ number: stop.order }} variant="default" leftSection={<IconRoute size={17} />}>{t.downtime.order} {stop.order}</LinkButton>
      )}
    </Group>
  );
}
