import { Button, Textarea } from "@mantine/core";
import { type SubmitEvent, useState } from "react";
import { answered, api, type Schemas } from "../../api/client";
import { useFormat } from "../../format/useFormat";
import { useLanguage } from "../../i18n/LanguageProvider";
import { failureText } from "../../parts/failureText";
import css from "./Handover.module.css";
import { LONGEST_NOTE } from "./NewNote";
import { useHandoverAction } from "./useHandoverAction";

/** The text of a note under change. Whoever finds that somebody else changed it meanwhile sees their text before saving over it. */
export function NoteEditor({ note, onDone }: { note: Schemas["HandoverNoteOut"]; onDone: () => void }) {
  const { t } = useLanguage();
  const f = useFormat();
  const [text, setText] = useState(note.text);
  const [seen, setSeen] = useState(note.version);
  const { handover: say } = t.report;
  const { number } = note;
  const change = useHandoverAction(
    ({ said, replaces }: { said: string; replaces: number }) =>
      answered(api.PUT("/api/v1/report/handover/{number}", { params: { path: { number } }, body: { text: said, replaces } })),
    onDone,
  );
  const submit = (event: SubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    change.mutate({ said: text.trim(), replaces: seen });
  };
  const newer = note.version > seen ? note.versions.at(-1) : undefined;
  return (
    <form className={css.form} onSubmit={submit}>
      {newer !== undefined && (
        <div className={css.newer} role="status">
          <span>{say.changed(newer.by, f.dayTime(newer.at))}</span>
          <p className={css.text}>{newer.text}</p>
          <Button variant="default" size="compact-sm" onClick={() => setSeen(note.version)}>{say.over}</Button>
        </div>
      )}
      <Textarea aria-label={say.text} autoFocus maxLength={LONGEST_NOTE} autosize minRows={2} maxRows={12} size="md" value={text} onChange={(event) => setText(event.currentTarget.value)} />
      {change.error !== null && newer === undefined && <p className={css.refused} role="alert">{failureText(change.error, t)}</p>}
      <div className={css.actions}>
        <Button variant="default" onClick={onDone}>{say.keep}</Button>
        <Button type="submit" disabled={newer !== undefined || text.trim() === "" || text.trim() === note.text} loading={change.isPending}>{say.save}</Button>
      </div>
    </form>
  );
}
