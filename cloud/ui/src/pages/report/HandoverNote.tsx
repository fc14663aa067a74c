import { Button } from "@mantine/core";
import { useState } from "react";
import { answered, api, type Schemas } from "../../api/client";
import { useSession } from "../../app/useSession";
import { useFormat } from "../../format/useFormat";
import { useLanguage } from "../../i18n/LanguageProvider";
import { failureText } from "../../parts/failureText";
import { useMachineName } from "../../parts/useMachineName";
import css from "./Handover.module.css";
import { NoteEditor } from "./NoteEditor";
import { useHandoverAction } from "./useHandoverAction";

type Note = Schemas["HandoverNoteOut"];

interface HandoverNoteProps {
  note: Note;
  /** Whose report it stands in; a note of another place says of which. */
  scope: string;
  onWriting: () => void;
}

/** One note with its author and time, what became of it, and ways to change it for those who may. */
export function HandoverNote({ note, scope, onWriting }: HandoverNoteProps) {
  const { t } = useLanguage();
  const f = useFormat();
  const machineName = useMachineName();
  const { username, permissions } = useSession();
  const [open, setOpen] = useState<"editor" | "withdrawal" | "versions" | null>(null);
  const { handover: say } = t.report;
  const mayChange = !note.withdrawn && permissions.includes("handover.write") && (note.by === username || permissions.includes("handover.manage"));
  const last = note.versions.at(-1);
  const place = note.scope === "site" ? t.oee.site : machineName(note.scope.replace("machine:", ""));
  const said = `${note.by} ${f.dayTime(note.at)}`;
  const isQuiet = open === null || open === "versions";
  const close = () => setOpen(null);
  const toggle = (what: typeof open) => setOpen(open === what ? null : what);
  return (
    <li className={note.withdrawn ? css.withdrawn : css.item}>
      {!note.withdrawn && <p className={`${css.text} ${open === "editor" ? css.onPaper : ""}`}>{note.text}</p>}
      {open === "editor" && <NoteEditor note={note} onDone={close} />}
      <div className={css.about}>
        <span className="tabular">
          <b>{note.by}</b> · {f.dayTime(note.at)}
          {note.scope !== scope && ` · ${place}`}
          {note.version > 1 && last !== undefined && ` · ${(note.withdrawn ? say.withdrawn : say.changed)(last.by, f.dayTime(last.at))}`}
        </span>
        <span className={css.buttons}>
          {mayChange && isQuiet && (
            <>
              <Button variant="default" size="compact-sm" aria-label={say.changeOf(said)} onClick={() => { onWriting(); setOpen("editor"); }}>{say.change}</Button>
              <Button variant="default" size="compact-sm" aria-label={say.withdrawOf(said)} onClick={() => setOpen("withdrawal")}>{say.withdraw}</Button>
            </>
          )}
          {note.version > 1 && isQuiet && (
            <Button variant="subtle" size="compact-sm" aria-expanded={open === "versions"} onClick={() => toggle("versions")}>
              {open === "versions" ? say.hide : say.versions(note.versions.length)}
            </Button>
          )}
        </span>
      </div>
      {open === "withdrawal" && <Withdrawal note={note} onClose={close} />}
      {open === "versions" && <Versions note={note} />}
    </li>
  );
}

function Withdrawal({ note: { number, version }, onClose }: { note: Note; onClose: () => void }) {
  const { t } = useLanguage();
  const { handover: say } = t.report;
  const withdraw = useHandoverAction(
    () => answered(api.POST("/api/v1/report/handover/{number}/withdraw", { params: { path: { number } }, body: { replaces: version } })),
    onClose,
  );
  return (
    <div className={css.ask}>
      <span>{say.ask}</span>
      {withdraw.error !== null && <p className={css.refused} role="alert">{failureText(withdraw.error, t)}</p>}
      <span className={css.buttons}>
        <Button variant="default" size="compact-md" onClick={onClose}>{say.keep}</Button>
        <Button color="red" size="compact-md" autoFocus loading={withdraw.isPending} onClick={() => withdraw.mutate(undefined)}>{say.withdrawIt}</Button>
      </span>
    </div>
  );
}

/** All that the note has ever said, the newest first. */
function Versions({ note }: { note: Note }) {
  const { t } = useLanguage();
  const f = useFormat();
  return (
    <ol className={css.versions} reversed>
      {[...note.versions].reverse().map(({ version, text, withdrawn, by, at }) => (
        <li key={version}>
          <span className="tabular">{withdrawn ? t.report.handover.withdrawn(by, f.dayTime(at)) : `${by} · ${f.dayTime(at)}`}</span>
          {!withdrawn && <p className={css.text}>{text}</p>}
        </li>
      ))}
    </ol>
  );
}
