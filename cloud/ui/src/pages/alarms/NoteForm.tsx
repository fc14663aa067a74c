import { Button, Group, Text, Textarea } from "@mantine/core";
import { type SubmitEvent, useState } from "react";
import { answered, api } from "../../api/client";
import { useSession } from "../../app/useSession";
import { useLanguage } from "../../i18n/LanguageProvider";
import { failureText } from "../../parts/failureText";
import { useAlarmAction } from "./useAlarmAction";

export function NoteForm({ id }: { id: number }) {
  const { t } = useLanguage();
  const { permissions } = useSession();
  const [note, setNote] = useState("");
  const add = useAlarmAction(id, (said: string) =>
    answered(api.POST("/api/v1/alarms/{alarm_id}/notes", { params: { path: { alarm_id: id } }, body: { note: said } })),
  );
  if (!permissions.includes("alarms.acknowledge")) return null;
  const submit = (event: SubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    add.mutate(note.trim(), { onSuccess: () => setNote("") });
  };
  return (
    <form onSubmit={submit}>
      <Textarea
        mt="md"
        label={t.alarms.note}
        placeholder={t.alarms.noteHint}
        maxLength={1000}
        autosize
        minRows={2}
        maxRows={6}
        value={note}
        onChange={(event) => setNote(event.currentTarget.value)}
      />
      {add.error !== null && <Text fz="sm" c="var(--breakdown)" role="alert" mt={4}>{failureText(add.error, t)}</Text>}
      <Group justify="flex-end" mt="xs">
        <Button type="submit" variant="default" size="sm" disabled={note.trim() === ""} loading={add.isPending}>{t.alarms.addNote}</Button>
      </Group>
    </form>
  );
}
