import { Link } from "@tanstack/react-router";
import type { Schemas } from "../../api/client";
import { useFormat } from "../../format/useFormat";
import { useLanguage } from "../../i18n/LanguageProvider";
import { Rows } from "../../parts/Rows";
import table from "../../parts/Table.module.css";
import css from "./AuditPage.module.css";
import { type Change, changesOf } from "./changes";
import { useAuditWords } from "./useAuditWords";

type Entry = Schemas["AuditEntryOut"];

/** Entries of the log, the newest first; an object leads to everything that was done to it. */
export function AuditTable({ page }: { page: Schemas["AuditLogPage"] }) {
  const { t } = useLanguage();
  const f = useFormat();
  const words = useAuditWords();
  const { columns } = t.audit;
  const people = new Map(page.users.map(({ username, display_name }) => [username, display_name]));
  return (
    <div className={table.frame} tabIndex={0} role="group" aria-label={t.audit.title}>
      <Rows<Entry>
        label={t.audit.title}
        className={`${table.table} ${table.stacked} ${css.entries}`}
        isStacked
        rows={page.items}
        rowKey={({ id }) => String(id)}
        columns={[
          { name: columns.at, cell: ({ at }) => <span className={css.at}>{f.date(at)} <b>{f.timeWithSeconds(at)}</b></span> },
          { name: columns.who, cell: ({ username }) => (username === "" ? <span className={table.soft}>{t.audit.program}</span> : people.get(username) ?? username) },
          { name: columns.action, isHead: true, cell: ({ action }) => <b>{words.action(action)}</b> },
          { name: columns.object, cell: ({ object }) => <Named object={object} /> },
          { name: columns.change, isWrapped: true, cell: ({ action, detail }) => <Changes changes={changesOf(action, detail)} /> },
        ]}
      />
    </div>
  );
}

function Named({ object }: { object: string }) {
  const { t } = useLanguage();
  const [kind, name] = useAuditWords().object(object);
  const said = `${kind} ${name}`.trim();
  return (
    <Link to="/system/audit" search={{ object }} className={css.object} aria-label={t.audit.onlyThis(said)}>
      <span className={table.soft}>{kind}</span>{name !== "" && <> <span className={css.name}>{name}</span></>}
    </Link>
  );
}

function Changes({ changes }: { changes: Change[] }) {
  const words = useAuditWords();
  if (changes.length === 0) return null;
  return (
    <ul className={css.changes}>
      {changes.map(({ field, part, before, after }) => (
        <li key={`${field} ${part ?? ""}`}>
          <span className={table.soft}>{words.field(field, part)}</span>{" "}
          {before !== undefined && <><span className={css.before}>{words.value(field, before)}</span> → </>}
          <span className={css.after}>{words.value(field, after)}</span>
        </li>
      ))}
    </ul>
  );
}
