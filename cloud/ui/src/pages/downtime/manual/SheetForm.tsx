import { ActionIcon, Button, Group, NumberInput, Select, Text, Textarea, TextInput } from "@mantine/core";
import { IconChecks, IconPlus, IconTrash } from "@tabler/icons-react";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { answered, api, type Schemas } from "../../../api/client";
import { sheetVersionsQuery } from "../../../api/downtime";
import { useSession } from "../../../app/useSession";
import { useFormat } from "../../../format/useFormat";
import { useLanguage } from "../../../i18n/LanguageProvider";
import { lookup } from "../../../i18n/lookup";
import { Card } from "../../../parts/Card";
import { failureText } from "../../../parts/failureText";
import { LinkButton } from "../../../parts/LinkButton";
import { STATES, stateColours } from "../../../parts/states";
import css from "../Downtime.module.css";
import own from "./Manual.module.css";
import { periodsOf, type RunRow, spansOf, type StopRow, stopsOf, toTheSecond } from "./sheet";

export type SheetMachine = Schemas["ManualMachine"];

interface SheetFormProps {
  machine: SheetMachine;
  start: number;
  end: number;
  /** What holds now; null when nobody has filled it in. */
  sheet: Schemas["SheetOut"] | null;
  /** Whether it was just saved, or withdrawn, from here. */
  isSaved: boolean;
  onSaved: (version: number) => void;
}

/** A shift on paper: the machine ran except in these stops, and made these parts. */
export function SheetForm({ machine, start, end, sheet, isSaved, onSaved }: SheetFormProps) {
  const { t } = useLanguage();
  const f = useFormat();
  // What a signal tells is not entered by hand too.
  const counted = Object.values(machine.signals);
  const mayEnter = useSession().permissions.includes("manual.enter");
  const frame = { start, end, timeZone: f.timeZone };
  const isKept = sheet !== null && !sheet.withdrawn;
  const shown = toTheSecond(f);
  const [stops, setStops] = useState<StopRow[]>(() => (isKept ? stopsOf(sheet.periods, frame, shown) : []));
  const [runs, setRuns] = useState<RunRow[]>(() =>
    isKept
      ? sheet.runs.map((run) => ({ from: shown(Date.parse(run.start)), to: shown(Date.parse(run.end)), job: run.job ?? 0, good: run.good ?? 0, reject: run.reject ?? 0 }))
      : [{ from: f.time(start), to: f.time(end), job: "job" in machine.signals ? 0 : (machine.jobs.find(({ status }) => status !== "done")?.job ?? 0), good: 0, reject: 0 }],
  );
  const [note, setNote] = useState(isKept ? sheet.note : "");
  const periods = periodsOf(stops, frame);
  const spans = spansOf(runs, frame);
  const queries = useQueryClient();
  const filled = JSON.stringify([stops, runs, note]);
  const [found] = useState(filled);
  const follow = { onSuccess: ({ version }: Schemas["SheetOut"]) => onSaved(version), onSettled: () => Promise.all(["manual", "downtime", "oee", "orders"].map((topic) => queries.invalidateQueries({ queryKey: [topic] }))) };
  const save = useMutation({
    mutationFn: () =>
      answered(
        api.PUT("/api/v1/manual/sheets", {
          body: {
            machine: machine.machine,
            start: new Date(start).toISOString(),
            end: new Date(end).toISOString(),
            periods: periods ?? [],
            runs: runs
              .map(({ job, good, reject }, at) => ({ job, good, reject, start: new Date(spans?.[at]?.start ?? 0).toISOString(), end: new Date(spans?.[at]?.end ?? 0).toISOString() }))
              .sort((one, other) => one.start.localeCompare(other.start)),
            note,
            replaces: sheet?.version ?? 0,
          },
        }),
      ),
    ...follow,
  });
  const withdraw = useMutation({
    mutationFn: () => answered(api.POST("/api/v1/manual/sheets/withdraw", { body: { machine: machine.machine, start: new Date(start).toISOString(), replaces: sheet?.version ?? 1 } })),
    ...follow,
  });
  const putStop = (at: number, part: Partial<StopRow>) => setStops(stops.map((row, index) => (index === at ? { ...row, ...part } : row)));
  const putRun = (at: number, part: Partial<RunRow>) => setRuns(runs.map((row, index) => (index === at ? { ...row, ...part } : row)));
  const refused = save.error ?? withdraw.error;
  return (
    <div className={css.stack}>
      <Card title={t.manual.stops} hint={t.manual.stopsHint}>
        <div className={own.strip} aria-hidden>
          {(periods ?? []).map((each) => (
            <span key={each.start} style={{ left: `${((Date.parse(each.start) - start) / (end - start)) * 100}%`, width: `${((Date.parse(each.end) - Date.parse(each.start)) / (end - start)) * 100}%`, background: stateColours(each.state).fill }} />
          ))}
        </div>
        <p className={`${own.ends} tabular`}><span>{f.time(start)}</span><span>{f.time(end)}</span></p>
        {stops.map((row, at) => (
          <div key={at} className={own.stop}>
            <TextInput size="md" label={t.manual.from} inputMode="numeric" disabled={!mayEnter} value={row.from} onChange={(event) => putStop(at, { from: event.currentTarget.value })} />
            <TextInput size="md" label={t.manual.to} inputMode="numeric" disabled={!mayEnter} value={row.to} onChange={(event) => putStop(at, { to: event.currentTarget.value })} />
            <Select size="md" label={t.manual.state} className={own.state} disabled={!mayEnter} allowDeselect={false} value={row.state} onChange={(next) => next !== null && putStop(at, { state: next })} data={STATES.filter((state) => state !== "running").map((value) => ({ value, label: lookup(t.states, value) }))} />
            <ActionIcon variant="subtle" color="gray" size={44} disabled={!mayEnter} aria-label={t.manual.removeStop(at + 1)} onClick={() => setStops(stops.filter((_, index) => index !== at))}><IconTrash size={18} /></ActionIcon>
          </div>
        ))}
        {periods === null && <p className={css.refused} role="alert">{t.manual.wrongTimes}</p>}
        {mayEnter && <Button mt="sm" variant="light" size="md" leftSection={<IconPlus size={17} />} onClick={() => setStops([...stops, { from: "", to: "", state: "breakdown" }])}>{t.manual.addStop}</Button>}
      </Card>
      <Card title={t.manual.parts} hint={t.manual.partsHint}>
        {runs.map((row, at) => (
          <div key={at} className={own.run}>
            <Select size="md" label={t.manual.job} className={own.job} disabled={!mayEnter || "job" in machine.signals} allowDeselect={false} searchable value={String(row.job)} onChange={(next) => next !== null && putRun(at, { job: Number(next) })} data={jobChoices(machine, row.job, t.manual.noJob, f.name)} />
            <TextInput size="md" label={t.manual.from} inputMode="numeric" disabled={!mayEnter} value={row.from} onChange={(event) => putRun(at, { from: event.currentTarget.value })} />
            <TextInput size="md" label={t.manual.to} inputMode="numeric" disabled={!mayEnter} value={row.to} onChange={(event) => putRun(at, { to: event.currentTarget.value })} />
            <NumberInput size="md" label={t.manual.good} min={0} max={10_000_000} allowDecimal={false} hideControls disabled={!mayEnter || "good" in machine.signals} value={row.good} onChange={(next) => putRun(at, { good: Number(next) || 0 })} />
            <NumberInput size="md" label={t.manual.reject} min={0} max={10_000_000} allowDecimal={false} hideControls disabled={!mayEnter || "reject" in machine.signals} value={row.reject} onChange={(next) => putRun(at, { reject: Number(next) || 0 })} />
            <ActionIcon variant="subtle" color="gray" size={44} disabled={!mayEnter} aria-label={t.manual.removeRun(at + 1)} onClick={() => setRuns(runs.filter((_, index) => index !== at))}><IconTrash size={18} /></ActionIcon>
          </div>
        ))}
        {counted.length > 0 && <p className={css.hint}>{t.manual.bySignal(counted.join(", "))}</p>}
        {spans === null && <p className={css.refused} role="alert">{t.manual.wrongTimes}</p>}
        {mayEnter && <Button mt="sm" variant="light" size="md" leftSection={<IconPlus size={17} />} onClick={() => setRuns([...runs, { from: "", to: "", job: 0, good: 0, reject: 0 }])}>{t.manual.addRun}</Button>}
        <Textarea mt="md" size="md" label={t.downtime.note} maxLength={1000} autosize minRows={2} disabled={!mayEnter} value={note} onChange={(event) => setNote(event.currentTarget.value)} />
      </Card>
      {refused !== null && <p className={css.refused} role="alert">{failureText(refused, t)}</p>}
      {isSaved && filled === found && <p className={css.done} role="status"><IconChecks size={18} aria-hidden /> {isKept ? t.manual.saved : t.manual.withdrawn}</p>}
      {mayEnter ? (
        <Group justify="space-between">
          <Group gap="sm">
            <Button size="md" disabled={periods === null || spans === null || start >= end} loading={save.isPending} onClick={() => save.mutate()}>{isKept ? t.manual.correct : t.manual.save}</Button>
            {isKept && <LinkButton size="md" variant="default" to="/downtime" search={{ scope: `machine:${machine.machine}`, start: new Date(start).toISOString(), end: new Date(end).toISOString() }}>{t.manual.explain}</LinkButton>}
          </Group>
          {isKept && <Button size="md" variant="subtle" color="red" loading={withdraw.isPending} onClick={() => withdraw.mutate()}>{t.manual.withdraw}</Button>}
        </Group>
      ) : (
        <p className={css.hint}>{t.manual.readOnly}</p>
      )}
      {sheet !== null && <Versions sheet={sheet} />}
    </div>
  );
}

function Versions({ sheet }: { sheet: Schemas["SheetOut"] }) {
  const { t } = useLanguage();
  const f = useFormat();
  const query = useQuery(sheetVersionsQuery(sheet.machine, sheet.start));
  return (
    <Card title={t.downtime.history}>
      <ol className={css.changes}>
        {(query.data ?? [sheet]).map((each) => (
          <li key={each.version}>
            <div className={css.line}>
              <b>{each.withdrawn ? t.manual.withdrawn : t.manual.version(each.version)}</b>
              <span className={`${css.hint} tabular`}>{each.by} · {f.dayTimeWithSeconds(each.at)}</span>
            </div>
            {!each.withdrawn && (
              <Text fz="sm" className="tabular">
                {t.manual.sums(f.integer(each.periods.filter(({ state }) => state !== "running").length), f.integer(each.runs.reduce((sum, { good = 0 }) => sum + good, 0)), f.integer(each.runs.reduce((sum, { reject = 0 }) => sum + reject, 0)))}
              </Text>
            )}
            {each.note !== "" && <p className={css.said}>{each.note}</p>}
          </li>
        ))}
      </ol>
    </Card>
  );
}

/** The jobs of the machine; one that is kept in the sheet stays a choice when the list has moved on. */
function jobChoices(machine: SheetMachine, kept: number, none: string, nameOf: (name: Schemas["Name"]) => string) {
  const known = machine.jobs.map((job) => ({ value: String(job.job), label: `${job.work_order} · ${job.sequence} · ${job.order} ${nameOf(job.customer_name)} · ${job.product}` }));
  const isKnown = kept === 0 || machine.jobs.some(({ job }) => job === kept);
  return [{ value: "0", label: none }, ...known, ...(isKnown ? [] : [{ value: String(kept), label: String(kept) }])];
}
