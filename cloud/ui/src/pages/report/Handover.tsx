import { useId } from "react";
import type { Schemas } from "../../api/client";
import { useSession } from "../../app/useSession";
import { useLanguage } from "../../i18n/LanguageProvider";
import css from "./Handover.module.css";
import { HandoverNote } from "./HandoverNote";
import { NewNote } from "./NewNote";
import sheet from "./Report.module.css";

interface HandoverProps {
  report: Schemas["ShiftReport"];
  /** Called when somebody begins to write: the page must not go on to the next shift under their hands. */
  onWriting: () => void;
}

/** What a shift leaves to the next one: read here and on paper, written and changed by those who may. */
export function Handover({ report, onWriting }: HandoverProps) {
  const { t } = useLanguage();
  const id = useId();
  const mayWrite = useSession().permissions.includes("handover.write");
  const { handover: notes, scope, shift } = report;
  return (
    <section className={sheet.section} aria-labelledby={id}>
      <h3 id={id}>{t.report.handover.title}</h3>
      {notes.every(({ withdrawn }) => withdrawn) && <p className={sheet.note}>{t.report.handover.none}</p>}
      {notes.length > 0 && (
        <ul className={css.list}>
          {notes.map((note) => <HandoverNote key={note.number} note={note} scope={scope} onWriting={onWriting} />)}
        </ul>
      )}
      {mayWrite && <NewNote key={`${scope} ${shift.start}`} scope={scope} at={shift.start} onWriting={onWriting} />}
    </section>
  );
}
