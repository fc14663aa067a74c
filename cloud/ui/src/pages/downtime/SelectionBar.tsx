import { Button, Drawer, Text } from "@mantine/core";
import { useState } from "react";
import { answered, api } from "../../api/client";
import { useFormat } from "../../format/useFormat";
import { useLanguage } from "../../i18n/LanguageProvider";
import { failureText } from "../../parts/failureText";
import css from "./Downtime.module.css";
import { ReasonPicker } from "./ReasonPicker";
import { type Reason, type Stop, stopRef } from "./reasonTree";
import { useStopAction } from "./useStopAction";

interface SelectionBarProps {
  stops: Stop[];
  reasons: Reason[];
  onDone: () => void;
}

/** Gives one reason to all selected stops, all or none of them. */
export function SelectionBar({ stops, reasons, onDone }: SelectionBarProps) {
  const { t } = useLanguage();
  const f = useFormat();
  const [isOpen, setIsOpen] = useState(false);
  const machines = [...new Set(stops.map(({ machine }) => machine))];
  const assign = useStopAction((reason: string) =>
    answered(api.POST("/api/v1/downtime/assign", { body: { stops: stops.map(stopRef), reason, note: "" } })),
  );
  return (
    <>
      <div className={css.bar} role="region" aria-label={t.downtime.select}>
        <b className="tabular" role="status">{t.downtime.selected(f.integer(stops.length))}</b>
        <Button variant="default" size="md" onClick={onDone}>{t.downtime.selectDone}</Button>
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
        <ReasonPicker reasons={reasons} machines={machines} chosen={null} isBusy={assign.isPending} onChoose={(reason) => assign.mutate(reason, { onSuccess: onDone })} />
      </Drawer>
    </>
  );
}
