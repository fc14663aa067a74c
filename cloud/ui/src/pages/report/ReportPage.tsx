import { Button, Group, Skeleton, Stack } from "@mantine/core";
import { IconChevronLeft, IconChevronRight, IconPrinter } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { reportQuery } from "../../api/queries";
import { useFormat } from "../../format/useFormat";
import { useLanguage } from "../../i18n/LanguageProvider";
import { Loaded } from "../../parts/Loaded";
import { PageHead } from "../../parts/PageHead";
import { ScopeChoice } from "../oee/ScopeChoice";
import css from "./Report.module.css";
import { ReportBody } from "./ReportBody";

/** The report of one shift, to be read here or printed on A4. */
export function ReportPage() {
  const { t } = useLanguage();
  const f = useFormat();
  const { scope = "site", at } = useSearch({ from: "/inside/report" });
  const navigate = useNavigate({ from: "/report" });
  const query = useQuery(reportQuery(scope, at));
  const go = (next: string) => void navigate({ search: { scope, at: next } });
  // Who writes stays in the shift: it would end under the hands, and the note go to the next one.
  const stay = (start: string) => void navigate({ search: { scope, at: start }, replace: true, resetScroll: false });
  const { previous, next, shift } = query.data ?? { previous: null, next: null, shift: null };
  return (
    <>
      <div className={css.screenOnly}>
        <PageHead title={t.report.title}>
          <Group gap="sm" wrap="wrap">
            <ScopeChoice scope={scope} onScope={(chosen) => void navigate({ search: at === undefined ? { scope: chosen } : { scope: chosen, at } })} />
            <Group gap={6} wrap="nowrap">
              <Button variant="default" px={10} aria-label={t.report.previous} disabled={previous === null} onClick={() => previous !== null && go(previous.start)}><IconChevronLeft size={18} /></Button>
              <span className={`${css.shift} tabular`}>{shift === null ? "" : `${f.day(shift.start)} ${shift.name === null ? shift.id : f.name(shift.name)}`}</span>
              <Button variant="default" px={10} aria-label={t.report.next} disabled={next === null} onClick={() => next !== null && go(next.start)}><IconChevronRight size={18} /></Button>
            </Group>
            <Button leftSection={<IconPrinter size={17} />} disabled={query.data === undefined} onClick={() => window.print()}>{t.report.print}</Button>
          </Group>
        </PageHead>
      </div>
      <Loaded query={query} skeleton={<Stack><Skeleton h={120} radius={12} /><Skeleton h={420} radius={12} /></Stack>}>
        {(report) => <ReportBody report={report} isOld={query.isPlaceholderData} onWriting={() => stay(report.shift.start)} />}
      </Loaded>
    </>
  );
}
