import { Button } from "@mantine/core";
import type { Schemas } from "../../api/client";
import { useSession } from "../../app/useSession";
import { useFormat } from "../../format/useFormat";
import { useLanguage } from "../../i18n/LanguageProvider";
import { lookup } from "../../i18n/lookup";
import { PagedTable } from "../../parts/PagedTable";
import type { Column } from "../../parts/Rows";
import mark from "../../parts/StateMark.module.css";
import table from "../../parts/Table.module.css";
import { isValid, stateOf, type TokenState } from "./tokenState";

type Token = Schemas["ApiTokenOut"];

const COLOURS: Record<TokenState, string> = { valid: "running", expired: "starved", revoked: "idle" };

/** Tokens, the newest first; whose they are is told where there are others' among them. */
export function TokenTable({ tokens, onRevoke }: { tokens: Token[]; onRevoke: (token: Token) => void }) {
  const { t } = useLanguage();
  const f = useFormat();
  const { username } = useSession();
  const { columns } = t.tokens;
  const owner: Column<Token>[] = tokens.some((token) => token.username !== username) ? [{ name: columns.owner, cell: (token) => token.username }] : [];
  return (
    <PagedTable
      label={t.tokens.title}
      rows={tokens}
      pageSize={25}
      isStacked
      rowKey={({ id }) => String(id)}
      columns={[
        { name: columns.name, isHead: true, cell: ({ name, hint }) => <><b>{name}</b><br /><span className={`${table.mono} ${table.soft}`}>{hint}…</span></> },
        { name: columns.state, cell: (token) => <State token={token} /> },
        { name: columns.used, cell: ({ used_at }) => (used_at === null ? <span className={table.soft}>{t.tokens.neverUsed}</span> : f.dateTime(used_at)) },
        { name: columns.expires, cell: ({ expires_at }) => f.date(expires_at) },
        { name: columns.role, cell: ({ role }) => lookup(t.user.roles, role) },
        ...owner,
        { name: columns.created, cell: ({ created_at }) => f.dateTime(created_at) },
        {
          name: columns.action,
          isRight: true,
          cell: (token) => isValid(token) && (
            <Button variant="default" size="compact-xs" aria-label={t.tokens.revokeOf(token.name)} onClick={() => onRevoke(token)}>{t.tokens.revoke}</Button>
          ),
        },
      ]}
    />
  );
}

function State({ token }: { token: Token }) {
  const { t } = useLanguage();
  const f = useFormat();
  const state = stateOf(token);
  const colour = COLOURS[state];
  return (
    <>
      <span className={`${mark.mark} ${mark.small}`} style={{ color: `var(--${colour})`, background: `var(--${colour}-soft)`, paddingLeft: 8 }}>{t.tokens.states[state]}</span>
      {token.revoked_at !== null && <> <span className={table.soft}>{f.dateTime(token.revoked_at)}</span></>}
    </>
  );
}
