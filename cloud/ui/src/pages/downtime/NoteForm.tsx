import { Button, Group, Textarea } from "@mantine/core";
import { IconChecks } from "@tabler/icons-react";
import { type SubmitEvent, useState } from "react";
import { answered, api } from "../../api/client";
import { useFormat } from "../../format/useFormat";
import { useLanguage } from "../../i18n/LanguageProvider";
import { failureText } from "../../parts/failureText";
import css from "./Downtime.module.css";
import { type Stop, stopRef } from "./reasonTree";
import { useStopAction } from "./useStopAction";

/** The notes about a stop, and a field for another one. */
export function NoteForm({ stop, isReadOnly = false }: { stop: Stop; isReadOnly?: boolean }) {
  const { t } = useLanguage();
  const f = useFormat();
  const [text, setText] = useState("");
  const add = useStopAction(
    (said: string) => answered(api.POST("/api/v1/downtime/notes", { body: { stop: stopRef(stop), text: said } })),
    () => setText(""),
  );
  const submit = (event: SubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    add.mutate(text.trim());
  };
  if (isReadOnly && stop.notes.length === 0) return null;
  return (
    <section className={css.block}>
      <h3>{t.downtime.notes}</h3>
      {stop.notes.length > 0 && (
        <ul className={css.notes}>
          {stop.notes.map((note) => (
            <li key={note.number}>
              <p>{note.text}</p>
              <span className={`${css.hint} tabular`}>{note.by} · {f.dayTime(note.at)}</span>
            </li>
          ))}
        </ul>
      )}
      {!isReadOnly && (
        <form onSubmit={submit}>
          <Textarea aria-label={t.downtime.note} placeholder={t.downtime.noteHint} maxLength={1000} autosize minRows={2} maxRows={6} size="md" value={text} onChange={(event) => setText(event.currentTarget.value)} />
          {add.isSuccess && text === "" && <p className={`${css.done} ${css.below}`} role="status"><IconChecks size={18} aria-hidden /> {t.downtime.noteDone}</p>}
          {add.error !== null && <p className={css.refused} role="alert">{failureText(add.error, t)}</p>}
          <Group justify="flex-end" mt="xs">
            <Button type="submit" variant="default" size="md" disabled={text.trim() === ""} loading={add.isPending}>{t.downtime.noteSave}</Button>
          </Group>
        </form>
      )}
    </section>
  );
}
