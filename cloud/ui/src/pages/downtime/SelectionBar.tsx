import { Button, Drawer, Text } from "@mantine/core";
import { useState } from "react";
import { answered, api } from "../../api/client";
import { useFormat } from "../../format/useFormat";
import { useLanguage } from "../../i18n/LanguageProvider";
import { failureText } from "../../parts/failureText";
import { useReasonName } from "../../parts/useReasonName";
import css from "./Downtime.module.css";
import { ReasonPicker } from "./ReasonPicker";
import { type Stop, stopRef } from "./reasonTree";
import { useStopAction } from "./useStopAction";

interface SelectionBarProps {
  stops: Stop[];
  /** Called with what was done, or with null when nothing was. */
  onDone: (said: string | null) => void;
}

/** Gives one reason to all selected stops, all or none of them. */
export function SelectionBar({ stops, onDone }: SelectionBarProps) {
  const { t } = useLanguage();
  const f = useFormat();
  const [isOpen, setIsOpen] = useState(false);
  const machines = [...new Set(stops.map(({ machine }) => machine))];
  const reasonName = useReasonName();
  const assign = useStopAction(
    (reason: string) => answered(api.POST("/api/v1/downtime/assign", { body: { stops: stops.map(stopRef), reason, note: "" } })),
    ({ numbers }, reason) => onDone(t.downtime.doneMany(f.integer(numbers.length), reasonName(reason))),
  );
  return (
    <>
      <div className={css.bar} role="region" aria-label={t.downtime.select}>
        <b className="tabular" role="status">{t.downtime.selected(f.integer(stops.length))}</b>
        <Button variant="default" size="md" onClick={() => onDone(null)}>{t.downtime.selectDone}</Button>
        <Button size="md" disabled={stops.length === 0} onClick={() => setIsOpen(true)}>{t.downtime.choose}</Button>
      </div>
      <Drawer
        opened={isOpen}
        onClose={() => setIsOpen(false)}
        position="right"
        size={560}
        closeButtonProps={{ "aria-label": t.close }}
        title={<Text fw={650} fz="lg">{t.downtime.selected(f.integer(stops.length))}</Text>}
      >
        {assign.error !== null && <p className={css.refused} role="alert">{failureText(assign.error, t)}</p>}
        <ReasonPicker machines={machines} chosen={null} isBusy={assign.isPending} onChoose={(reason) => assign.mutate(reason)} />
      </Drawer>
    </>
  );
}
