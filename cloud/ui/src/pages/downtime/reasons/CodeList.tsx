import { Button, Skeleton, Stack } from "@mantine/core";
import { IconAlertTriangle, IconPencil, IconPlugConnectedX } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { answered, api, type Schemas } from "../../../api/client";
import { codesQuery } from "../../../api/downtime";
import { useFormat } from "../../../format/useFormat";
import { useLanguage } from "../../../i18n/LanguageProvider";
import { Card } from "../../../parts/Card";
import { Empty } from "../../../parts/Empty";
import { Loaded } from "../../../parts/Loaded";
import { useMachineName } from "../../../parts/useMachineName";
import { CodeFields } from "../../signals/CodeFields";
import { MeaningForm } from "../../signals/MeaningForm";
import { type CodeRow, codeMapOf } from "../../signals/sources";
import css from "../Downtime.module.css";
import own from "./Reasons.module.css";
import { NO_REASON, useMeanings } from "../useMeanings";
import { useReasonsChanged } from "../useReasonsChanged";

type Codes = Schemas["CodesOut"];

/** What the fault codes of each PLC mean; codes that came without a meaning stand first. */
export function CodeList() {
  const { t } = useLanguage();
  const f = useFormat();
  const machineName = useMachineName();
  const { meant } = useMeanings();
  const query = useQuery(codesQuery);
  const [opened, setOpened] = useState<Codes | null>(null);
  return (
    <Loaded query={query} skeleton={<Stack gap="md"><Skeleton h={150} radius={12} /><Skeleton h={150} radius={12} /></Stack>}>
      {(machines) => (
        <div className={own.cards}>
          {machines.length === 0 && <Card title={t.reasons.parts.codes}><Empty icon={IconPlugConnectedX} title={t.reasons.noCodes} hint={t.reasons.noCodesHint} /></Card>}
          {machines.map((row) => (
            <Card
              key={row.tag}
              title={`${machineName(row.machine)} · ${row.machine}`}
              hint={<Button size="compact-sm" variant="default" leftSection={<IconPencil size={14} />} aria-label={t.reasons.editCodes(row.machine)} onClick={() => setOpened(row)}>{t.signals.change}</Button>}
            >
              {row.unknown.length > 0 && (
                <p className={css.warned} role="status">
                  <IconAlertTriangle size={16} aria-hidden /> {t.reasons.unknownCodes(row.unknown.map(({ code, count }) => `${code} (${f.integer(count)}×)`).join(", "))}
                </p>
              )}
              <dl className={own.codes}>
                {Object.entries(row.codes).map(([code, reason]) => (
                  <div key={code}><dt className="tabular">{code}</dt><dd>{meant("reason", reason)}</dd></div>
                ))}
              </dl>
            </Card>
          ))}
          {opened !== null && <CodesDialog codes={opened} onClose={() => setOpened(null)} />}
        </div>
      )}
    </Loaded>
  );
}

function CodesDialog({ codes, onClose }: { codes: Codes; onClose: () => void }) {
  const { t } = useLanguage();
  const changed = useReasonsChanged();
  const [rows, setRows] = useState<CodeRow[]>(() => {
    const known = Object.entries(codes.codes).map(([code, state]) => ({ code, state }));
    return [...codes.unknown.map(({ code }) => ({ code, state: NO_REASON })), ...known];
  });
  const map = codeMapOf(rows);
  const send = async (valid_from: string | null) => {
    const answer = await answered(api.PUT("/api/v1/downtime/codes", { body: { tag: codes.tag, codes: map ?? {}, valid_from, replaces: codes.version } }));
    await changed();
    return answer;
  };
  return (
    <MeaningForm title={t.reasons.editCodes(codes.machine)} submit={t.signals.confirm} canSend={map !== null} send={send} onClose={onClose}>
      {(isClosed) => !isClosed && <CodeFields role="reason" machine={codes.machine} rows={rows} onChange={setRows} />}
    </MeaningForm>
  );
}
