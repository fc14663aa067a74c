import { Group, SegmentedControl } from "@mantine/core";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { REASON_PARTS } from "../../../app/search";
import { useLanguage } from "../../../i18n/LanguageProvider";
import { AuditLink } from "../../../parts/AuditLink";
import css from "../Downtime.module.css";
import { DowntimeHead } from "../DowntimeHead";
import { CodeList } from "./CodeList";
import { RuleList } from "./RuleList";
import { TreeEditor } from "./TreeEditor";

const PARTS = { tree: TreeEditor, codes: CodeList, rules: RuleList };

/** How the audit log calls what is changed here. */
const LOGGED = { tree: { kind: "reason" }, codes: { action: "bindings.change" }, rules: { kind: "rule" } };

/** What reasons there are, which codes of PLCs mean them, which rules name them. */
export function ReasonsPage() {
  const { t } = useLanguage();
  const { part = "tree" } = useSearch({ from: "/inside/downtime/reasons" });
  const navigate = useNavigate({ from: "/downtime/reasons" });
  const Part = PARTS[part];
  return (
    <>
      <DowntimeHead>
        <SegmentedControl
          mb="md"
          className={css.wide}
          aria-label={t.downtime.tabs.reasons}
          value={part}
          onChange={(next) => void navigate({ search: { part: REASON_PARTS.find((known) => known === next) ?? "tree" } })}
          data={REASON_PARTS.map((value) => ({ value, label: t.reasons.parts[value] }))}
        />
      </DowntimeHead>
      <Part />
      <Group justify="flex-end" mt="sm"><AuditLink search={LOGGED[part]} /></Group>
    </>
  );
}
