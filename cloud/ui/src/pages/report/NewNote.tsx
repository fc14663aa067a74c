import { Button, Textarea } from "@mantine/core";
import { IconChecks } from "@tabler/icons-react";
import { type SubmitEvent, useState } from "react";
import { answered, api } from "../../api/client";
import { useLanguage } from "../../i18n/LanguageProvider";
import { failureText } from "../../parts/failureText";
import css from "./Handover.module.css";
import { useHandoverAction } from "./useHandoverAction";

/** As many signs as the server takes. */
export const LONGEST_NOTE = 4000;

interface NewNoteProps {
  scope: string;
  at: string;
  onWriting: () => void;
}

/** A field for one more note of the shift that is shown. */
export function NewNote({ scope, at, onWriting }: NewNoteProps) {
  const { t } = useLanguage();
  const [text, setText] = useState("");
  const write = useHandoverAction(
    (said: string) => answered(api.POST("/api/v1/report/handover", { body: { scope, at, text: said } })),
    () => setText(""),
  );
  const submit = (event: SubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    write.mutate(text.trim());
  };
  const put = (next: string) => {
    if (text === "") onWriting();
    setText(next);
  };
  return (
    <form className={css.form} onSubmit={submit}>
      <Textarea label={t.report.handover.write} placeholder={t.report.handover.hint} maxLength={LONGEST_NOTE} autosize minRows={2} maxRows={12} size="md" value={text} onChange={(event) => put(event.currentTarget.value)} />
      {write.isSuccess && text === "" && <p className={css.done} role="status"><IconChecks size={18} aria-hidden /> {t.report.handover.saved}</p>}
      {write.error !== null && <p className={css.refused} role="alert">{failureText(write.error, t)}</p>}
      <div className={css.actions}>
        <Button type="submit" disabled={text.trim() === ""} loading={write.isPending}>{t.report.handover.save}</Button>
      </div>
    </form>
  );
}
