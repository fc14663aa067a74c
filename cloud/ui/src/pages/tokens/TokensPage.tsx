import { Button, Group, SegmentedControl, Skeleton, Stack } from "@mantine/core";
import { IconKey, IconPlus } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import type { Schemas } from "../../api/client";
import { tokensQuery } from "../../api/queries";
import { useFormat } from "../../format/useFormat";
import { useLanguage } from "../../i18n/LanguageProvider";
import { Card } from "../../parts/Card";
import { Empty } from "../../parts/Empty";
import { Loaded } from "../../parts/Loaded";
import { SystemHead } from "../system/SystemHead";
import { RevokeDialog } from "./RevokeDialog";
import { TokenDialog } from "./TokenDialog";
import { TokenTable } from "./TokenTable";
import css from "./TokensPage.module.css";
import { isValid } from "./tokenState";

type Token = Schemas["ApiTokenOut"];

/** With which programs read instead of a person's login: made, looked at, revoked. */
export function TokensPage() {
  const { t } = useLanguage();
  const query = useQuery(tokensQuery);
  const [isMaking, setIsMaking] = useState(false);
  const [revoked, setRevoked] = useState<Token | null>(null);
  return (
    <>
      <SystemHead title={t.tokens.title} />
      <div className={css.stack}>
        <Group justify="space-between" gap="sm">
          <p className={css.lead}>{t.tokens.lead}</p>
          <Button size="sm" leftSection={<IconPlus size={16} />} onClick={() => setIsMaking(true)}>{t.tokens.make}</Button>
        </Group>
        <Loaded query={query} skeleton={<Stack gap="md"><Skeleton h={36} maw={260} /><Skeleton h={260} radius={12} /></Stack>}>
          {(tokens) => <TokenList tokens={tokens} onRevoke={setRevoked} />}
        </Loaded>
      </div>
      {isMaking && <TokenDialog onClose={() => setIsMaking(false)} />}
      {revoked !== null && <RevokeDialog token={revoked} onClose={() => setRevoked(null)} />}
    </>
  );
}

function TokenList({ tokens, onRevoke }: { tokens: Token[]; onRevoke: (token: Token) => void }) {
  const { t } = useLanguage();
  const f = useFormat();
  const [show, setShow] = useState<"valid" | "all">("valid");
  if (tokens.length === 0) {
    return <Card title={t.tokens.title}><Empty icon={IconKey} title={t.tokens.empty} hint={t.tokens.emptyHint} /></Card>;
  }
  const valid = tokens.filter(isValid);
  const rows = show === "all" ? tokens : valid;
  return (
    <>
      <SegmentedControl
        className={css.show}
        aria-label={t.tokens.show}
        value={show}
        onChange={(next) => setShow(next === "all" ? "all" : "valid")}
        data={[
          { value: "valid", label: `${t.tokens.valid} ${f.integer(valid.length)}` },
          { value: "all", label: `${t.tokens.all} ${f.integer(tokens.length)}` },
        ]}
      />
      <Card title={t.tokens.title} isFlush>
        {rows.length === 0 ? <Empty icon={IconKey} title={t.tokens.noValid} hint={t.tokens.noValidHint} /> : <TokenTable tokens={rows} onRevoke={onRevoke} />}
      </Card>
    </>
  );
}
