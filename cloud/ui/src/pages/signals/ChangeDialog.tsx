import { Select, Text, TextInput } from "@mantine/core";
import { useState } from "react";
import { answered, api, type Schemas } from "../../api/client";
import { useFormat } from "../../format/useFormat";
import { useLanguage } from "../../i18n/LanguageProvider";
import { lookup } from "../../i18n/lookup";
import { CodeFields, firstMeaning } from "./CodeFields";
import { type Counter, COUNTER_ROLES, counterFault } from "./counter";
import { CounterFields, CounterRule } from "./CounterFields";
import { MeaningForm } from "./MeaningForm";
import { Codes } from "./SignalTable";
import { CODED_ROLES, type CodeRow, codeMapOf, ROLES, type Source } from "./sources";

type Binding = Schemas["BindingOut"];

interface ChangeDialogProps {
  /** The version that is changed, null for a signal that is not bound. */
  binding: Binding | null;
  bound: Binding[];
  sources: Source[];
  onClose: () => void;
}

/** Gives a signal another meaning, or its first one. */
export function ChangeDialog({ binding, bound, sources, onClose }: ChangeDialogProps) {
  const { t } = useLanguage();
  const f = useFormat();
  const [entered, setEntered] = useState(binding?.tag ?? "");
  const [sourceId, setSourceId] = useState(binding?.machine ?? binding?.reader ?? null);
  const [role, setRole] = useState<string | null>(binding?.role ?? null);
  const [rows, setRows] = useState<CodeRow[]>(() => codeRows(binding?.code_map ?? null, binding?.role ?? ""));
  const [counter, setCounter] = useState<Counter>({ modulus: binding?.modulus ?? null, jitter: binding?.jitter ?? null });
  const tag = entered.trim();
  const source = sources.find(({ id }) => id === sourceId);
  const roles: readonly string[] = source === undefined ? [] : ROLES[source.kind];
  const isCoded = CODED_ROLES.includes(role);
  const codes = isCoded ? codeMapOf(rows) : null;
  const isCounter = COUNTER_ROLES.includes(role);
  const declared = isCounter ? counter : { modulus: null, jitter: null };
  const isBound = binding === null && bound.some((row) => row.tag === tag);
  const canSend = /^[^/\s]+\/[^/\s]+\/[^/]*\/\S/.test(tag) && !isBound && role !== null && roles.includes(role) && (!isCoded || codes !== null) && counterFault(declared) === null;
  const send = async (valid_from: string | null) => {
    // A signal whose binding has ended has versions that the list does not show.
    const replaces = binding?.version ?? (await versionOf(tag));
    const place = source?.kind === "reader" ? { reader: source.id } : { machine: sourceId };
    return answered(api.PUT("/api/v1/bindings", { body: { tag, role: role ?? "", ...place, code_map: codes, ...declared, valid_from, replaces } }));
  };
  const choose = (id: string | null) => {
    const kind = sources.find((one) => one.id === id)?.kind;
    const possible: readonly string[] = kind === undefined ? [] : ROLES[kind];
    setSourceId(id);
    if (role === null || !possible.includes(role)) setRole(possible.length === 1 ? (possible[0] ?? null) : null);
  };
  const chooseRole = (next: string | null) => {
    setRole(next);
    // Codes of states mean no reasons, nor the other way round.
    setRows(next === binding?.role ? codeRows(binding.code_map, next) : codeRows(null, next ?? ""));
  };
  return (
    <MeaningForm
      title={binding === null ? t.signals.add : t.signals.changeOf(binding.tag)}
      submit={t.signals.confirm}
      canSend={canSend}
      send={send}
      onClose={onClose}
    >
      {(isClosed) => isClosed ? (
        <Text fz="sm" component="div" style={{ overflowWrap: "anywhere" }}>
          {binding === null && <div>{tag}</div>}
          <b>{sourceId}</b> · {lookup(t.signals.roles, role ?? "")}
          {codes !== null && <Codes role={role ?? ""} codes={codes} />}
          <CounterRule {...declared} />
        </Text>
      ) : (
        <>
          {binding === null && (
            <TextInput
              label={t.signals.tag}
              data-autofocus
              maxLength={300}
              error={isBound ? t.signals.bound : undefined}
              value={entered}
              onChange={(event) => setEntered(event.currentTarget.value)}
            />
          )}
          <Select
            label={t.signals.source}
            searchable
            allowDeselect={false}
            value={sourceId}
            onChange={choose}
            data={grouped(sources, (one) => f.name(one.line.name), (one) => `${one.id} ${f.name(one.name)}`)}
          />
          <Select
            label={t.signals.role}
            allowDeselect={false}
            disabled={source === undefined}
            value={role}
            onChange={chooseRole}
            data={roles.map((value) => ({ value, label: lookup(t.signals.roles, value) }))}
          />
          {isCoded && role !== null && <CodeFields role={role} machine={source?.kind === "machine" ? source.id : null} rows={rows} onChange={setRows} />}
          {isCounter && <CounterFields counter={counter} onChange={setCounter} />}
        </>
      )}
    </MeaningForm>
  );
}

async function versionOf(tag: string): Promise<number> {
  const versions = await answered(api.GET("/api/v1/bindings/versions", { params: { query: { tag } } }));
  return versions[0]?.version ?? 0;
}

function codeRows(codes: Record<string, string> | null, role: string): CodeRow[] {
  const rows = Object.entries(codes ?? {}).map(([code, state]) => ({ code, state }));
  return rows.length > 0 ? rows : [{ code: "", state: firstMeaning(role) }];
}

function grouped(sources: Source[], groupOf: (one: Source) => string, label: (one: Source) => string) {
  const groups = new Map<string, { value: string; label: string }[]>();
  for (const one of sources) {
    const items = groups.get(groupOf(one)) ?? [];
    groups.set(groupOf(one), items);
    items.push({ value: one.id, label: label(one) });
  }
  return [...groups].map(([group, items]) => ({ group, items }));
}
