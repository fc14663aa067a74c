import { NumberInput, SegmentedControl, Select, TextInput } from "@mantine/core";
import { useQuery, useSuspenseQuery } from "@tanstack/react-query";
import { useState } from "react";
import { answered, api, type Schemas } from "../../../api/client";
import { statesQuery } from "../../../api/downtime";
import { plantQuery } from "../../../api/queries";
import { useFormat } from "../../../format/useFormat";
import { useLanguage } from "../../../i18n/LanguageProvider";
import { lookup } from "../../../i18n/lookup";
import { plantClock } from "../../../live/plantClock";
import { PlantTimePicker } from "../../../parts/PlantTimePicker";
import { SettingDialog } from "../settings/SettingDialog";
import css from "../settings/Settings.module.css";
import { chargeOf, HOWS, jobsOf, type ScrapDraft } from "./charge";

const BACK_MS = 7 * 86_400_000;

/** Charges one unit by its serial number, or some parts of a job, to where and when they arose. */
export function ScrapDialog({ onClose }: { onClose: () => void }) {
  const { t, language } = useLanguage();
  const { data: plant } = useSuspenseQuery(plantQuery);
  // The same request sent twice is one charge, so it is numbered once, when the dialog opens.
  const [request] = useState(() => `ui-${Date.now().toString(36)}-${Math.random().toString(36).slice(2, 12)}`);
  const [draft, setDraft] = useState<ScrapDraft>(() => ({ how: "serial", serial: "", machine: null, job: null, quantity: 1, atMs: Math.floor((plantClock.now() ?? 0) / 1000) * 1000, foundAt: "", reason: "" }));
  const put = (part: Partial<ScrapDraft>) => setDraft((now) => ({ ...now, ...part }));
  const body = chargeOf(draft, request);
  const send = async () => {
    if (body !== null) await answered(api.POST("/api/v1/oee/scrap", { body }));
  };
  const machines = plant.areas.flatMap((area) => area.lines.map((line) => ({ group: line.name[language], items: line.machines.map(({ id, name }) => ({ value: id, label: `${name[language]} · ${id}` })) })));
  return (
    <SettingDialog title={t.scrapPage.charge} hint={t.scrapPage.lead} submit={t.scrapPage.chargeIt} canSend={body !== null} send={send} onClose={onClose}>
      <SegmentedControl
        fullWidth
        aria-label={t.scrapPage.how}
        value={draft.how}
        onChange={(next) => put({ how: HOWS.find((known) => known === next) ?? "serial" })}
        data={HOWS.map((value) => ({ value, label: lookup(t.scrapPage.hows, value) }))}
      />
      {draft.how === "serial" && (
        <TextInput label={t.scrapPage.serial} description={t.scrapPage.serialHint} data-autofocus maxLength={80} value={draft.serial} onChange={(event) => put({ serial: event.currentTarget.value })} />
      )}
      <Select
        label={t.scrapPage.arose}
        {...(draft.how === "serial" ? { description: t.scrapPage.aroseHint, placeholder: t.scrapPage.counted } : {})}
        clearable={draft.how === "serial"}
        searchable
        value={draft.machine}
        onChange={(machine) => put({ machine, job: null })}
        data={machines}
      />
      {draft.how === "job" && (
        <>
          <PlantTimePicker label={t.scrapPage.at} value={draft.atMs} onChange={(atMs) => put({ atMs, job: null })} />
          <div className={css.two}>
            <JobChoice machine={draft.machine} atMs={draft.atMs} job={draft.job} onJob={(job) => put({ job })} />
            <NumberInput label={t.scrapPage.quantity} min={1} max={1_000_000} allowDecimal={false} hideControls value={draft.quantity} onChange={(next) => put({ quantity: Number(next) || 0 })} />
          </div>
        </>
      )}
      <div className={css.two}>
        <TextInput label={t.scrapPage.reason} maxLength={500} required value={draft.reason} onChange={(event) => put({ reason: event.currentTarget.value })} />
        <TextInput label={t.scrapPage.foundAt} placeholder={t.scrapPage.foundAtHint} maxLength={80} value={draft.foundAt} onChange={(event) => put({ foundAt: event.currentTarget.value })} />
      </div>
    </SettingDialog>
  );
}

interface JobChoiceProps {
  machine: string | null;
  atMs: number;
  job: number | null;
  onJob: (job: number | null) => void;
}

/** The jobs of which the machine counted good parts in the week before. */
function JobChoice({ machine, atMs, job, onJob }: JobChoiceProps) {
  const { t } = useLanguage();
  const f = useFormat();
  const query = useQuery({ ...statesQuery(machine ?? "", new Date(atMs - BACK_MS).toISOString(), new Date(atMs + 1000).toISOString(), false), enabled: machine !== null });
  const jobs = jobsOf(query.data?.machines[0]?.jobs ?? []);
  const label = (each: Schemas["JobSegment"]) => [each.job, each.order, each.product, `${t.oee.columns.good} ${f.integer(each.good)}`].filter((part) => part !== null).join(" · ");
  return (
    <Select
      label={t.scrapPage.job}
      description={t.scrapPage.jobHint}
      disabled={machine === null}
      searchable
      value={job === null ? null : String(job)}
      onChange={(next) => onJob(next === null ? null : Number(next))}
      data={jobs.map((each) => ({ value: String(each.job), label: label(each) }))}
    />
  );
}
