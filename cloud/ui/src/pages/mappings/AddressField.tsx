import { Autocomplete } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { bindingsQuery, gatewaysQuery, historyTagsQuery } from "../../api/queries";
import { useLanguage } from "../../i18n/LanguageProvider";
import table from "../../parts/Table.module.css";
import { type Level, prefixes } from "./mapping";

interface AddressFieldProps {
  level: Level;
  label: string;
  value: string;
  error: string | undefined;
  onChange: (address: string) => void;
}

/** An address, with those proposed that are known; one that has not spoken yet is typed. */
export function AddressField({ level, label, value, error, onChange }: AddressFieldProps) {
  const { t } = useLanguage();
  const known = useKnown(level, value);
  return (
    <Autocomplete
      label={label}
      placeholder={t.mappings.examples[level]}
      classNames={{ input: table.mono }}
      maxLength={1000}
      maxDropdownHeight={220}
      limit={40}
      data={known}
      error={error}
      value={value}
      onChange={onChange}
    />
  );
}

function useKnown(level: Level, typed: string): string[] {
  const [asked] = useDebouncedValue(typed.trim(), 250);
  const isSignal = level === "signal";
  const tags = useInfiniteQuery({ ...historyTagsQuery(asked), enabled: isSignal });
  const bindings = useQuery({ ...bindingsQuery, enabled: !isSignal });
  const fleet = useQuery({ ...gatewaysQuery, enabled: !isSignal, refetchInterval: false });
  if (isSignal) return tags.data?.pages.flatMap(({ items }) => items.map(({ tag }) => tag)) ?? [];
  const bound = (bindings.data ?? []).map(({ tag }) => tag);
  const heard = (fleet.data ?? []).flatMap(({ group, node, devices }) => [`${group}/${node}`, ...devices.map(({ id }) => `${group}/${node}/${id}`)]);
  return prefixes([...bound, ...heard], level === "gateway" ? 2 : 3);
}
