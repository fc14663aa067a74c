import { Button } from "@mantine/core";
import { IconArrowBackUp, IconChecks } from "@tabler/icons-react";
import { useEffect, useRef } from "react";
import { useLanguage } from "../../i18n/LanguageProvider";
import { failureText } from "../../parts/failureText";
import css from "./Downtime.module.css";
import { useStopAction, withdrawCorrection } from "./useStopAction";

export interface Done {
  text: string;
  /** The correction that can be taken back; null for what cannot. */
  number: number | null;
}

/** What was done last and how to take it back; it comes into view from wherever the form stood. */
export function DoneLine({ done, onUndone }: { done: Done; onUndone?: () => void }) {
  const { t } = useLanguage();
  const line = useRef<HTMLParagraphElement>(null);
  const undo = useStopAction(withdrawCorrection, onUndone);
  useEffect(() => {
    // Nothing is returned: newer browsers answer with a promise, which is no way to clean up.
    line.current?.scrollIntoView({ block: "nearest" });
  }, [done]);
  return (
    <>
      <p className={css.done} role="status" ref={line}>
        <IconChecks size={18} aria-hidden /> <span className={css.grow}>{done.text}</span>
        {done.number !== null && (
          <Button variant="default" size="sm" leftSection={<IconArrowBackUp size={16} />} loading={undo.isPending} onClick={() => undo.mutate(done.number ?? 0)}>
            {t.downtime.undo}
          </Button>
        )}
      </p>
      {undo.error !== null && <p className={css.refused} role="alert">{failureText(undo.error, t)}</p>}
    </>
  );
}
