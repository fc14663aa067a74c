import { Button, Drawer, Group, Text } from "@mantine/core";
import { IconArrowBackUp, IconChartLine, IconChecks, IconGauge, IconRoute } from "@tabler/icons-react";
import { useState } from "react";
import { answered, api } from "../../api/client";
import { useSession } from "../../app/useSession";
import { useFormat } from "../../format/useFormat";
import { useLanguage } from "../../i18n/LanguageProvider";
import { lookup } from "../../i18n/lookup";
import { failureText } from "../../parts/failureText";
import { LinkButton } from "../../parts/LinkButton";
import { StateMark } from "../../parts/StateMark";
import { useMachineName } from "../../parts/useMachineName";
import css from "./Downtime.module.css";
import { MergeChoice } from "./MergeChoice";
import { NoteForm } from "./NoteForm";
import { ReasonPicker } from "./ReasonPicker";
import { type Reason, type Stop, stopKey as keyOf, stopRef } from "./reasonTree";
import { SplitForm } from "./SplitForm";
import { StopHistory } from "./StopHistory";
import { useReasonName } from "./useReasonName";
import { useStopAction } from "./useStopAction";

interface StopSheetProps {
  stopKey: string | undefined;
  /** Null when the list has no such stop (any more). */
  stop: Stop | null;
  reasons: Reason[];
  known: Map<string, Reason>;
  onOpen: (stop: string) => void;
  onClose: () => void;
}

/** What was done last and how to take it back. */
interface Done {
  text: string;
  number: number | null;
}

/** One stop: its reason, its parts, its neighbours, its notes, its history. */
export function StopSheet({ stopKey, stop, reasons, known, onOpen, onClose }: StopSheetProps) {
  const { t } = useLanguage();
  const f = useFormat();
  const machineName = useMachineName();
  return (
    <Drawer
      opened={stopKey !== undefined}
      onClose={onClose}
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
      {stop === null ? <p className={css.refused} role="alert">{t.downtime.gone}</p> : <Sheet key={keyOf(stop)} stop={stop} reasons={reasons} known={known} onOpen={onOpen} />}
    </Drawer>
  );
}

function Sheet({ stop, reasons, known, onOpen }: Pick<StopSheetProps, "reasons" | "known" | "onOpen"> & { stop: Stop }) {
  const { t } = useLanguage();
  const mayAssign = useSession().permissions.includes("downtime.assign");
  const reasonName = useReasonName();
  const [done, setDone] = useState<Done | null>(null);
  const assign = useStopAction((reason: string | null) =>
    answered(api.POST("/api/v1/downtime/assign", { body: { stops: [stopRef(stop)], reason, note: "" } })),
  );
  const undo = useStopAction((number: number) =>
    answered(api.POST("/api/v1/downtime/corrections/{number}/withdraw", { params: { path: { number } } })),
  );
  const give = (reason: string | null) => {
    setDone(null);
    undo.reset();
    assign.mutate(reason, {
      onSuccess: ({ numbers }) =>
        setDone({ text: reason === null ? t.downtime.cleared : t.downtime.done(reasonName(reason)), number: numbers[0] ?? null }),
    });
  };
  const refused = assign.error ?? undo.error;
  return (
    <div className={css.sheet}>
      <Facts stop={stop} />
      {done !== null && (
        <p className={css.done} role="status">
          <IconChecks size={18} aria-hidden /> <span className={css.grow}>{done.text}</span>
          {done.number !== null && (
            <Button variant="default" size="sm" leftSection={<IconArrowBackUp size={16} />} loading={undo.isPending} onClick={() => undo.mutate(done.number ?? 0, { onSuccess: () => setDone({ text: t.downtime.undone, number: null }) })}>
              {t.downtime.undo}
            </Button>
          )}
        </p>
      )}
      {refused !== null && <p className={css.refused} role="alert">{failureText(refused, t)}</p>}
      {mayAssign ? (
        <>
          <section className={css.block}>
            <h3>{t.downtime.reason}</h3>
            <ReasonPicker reasons={reasons} machines={[stop.machine]} chosen={stop.reason} isBusy={assign.isPending} onChoose={give} />
            {stop.source === "operator" && (
              <Button variant="subtle" color="gray" size="md" onClick={() => give(null)} disabled={assign.isPending}>{t.downtime.clear}</Button>
            )}
          </section>
          <NoteForm stop={stop} />
          <SplitForm stop={stop} onDone={() => setDone({ text: t.downtime.splitDone, number: null })} />
          <MergeChoice stop={stop} onMerged={onOpen} />
        </>
      ) : (
        <>
          <p className={css.hint}>{t.downtime.readOnly}</p>
          <NoteForm stop={stop} isReadOnly />
        </>
      )}
      <StopHistory stop={stop} known={known} mayUndo={mayAssign} />
      <Links stop={stop} />
    </div>
  );
}

function Facts({ stop }: { stop: Stop }) {
  const { t } = useLanguage();
  const f = useFormat();
  const reasonName = useReasonName();
  return (
    <div className={css.facts}>
      <div className={css.line}>
        <b className={`${css.length} tabular`}>{f.duration(stop.duration_s)}</b>
        <StateMark state={stop.state} />
      </div>
      <p className={css.why}>
        {stop.reason === null ? <b className={css.missing}>{t.downtime.unexplained}</b> : <b>{reasonName(stop.reason)}</b>}
        {stop.source !== null && <span> · {lookup(t.downtime.sources, stop.source)}{stop.by !== null && `, ${stop.by}`}</span>}
      </p>
      <p className={css.soft}>
        <span>{lookup(t.losses, stop.category)}</span>
        {stop.lost_s !== stop.duration_s && <span>{t.downtime.lostOf(f.duration(stop.lost_s))}</span>}
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
