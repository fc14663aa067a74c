import { Button, Checkbox, Skeleton, Stack, TextInput } from "@mantine/core";
import { IconSearch, IconSearchOff } from "@tabler/icons-react";
import { useDebouncedValue } from "@mantine/hooks";
import { useInfiniteQuery } from "@tanstack/react-query";
import { useState } from "react";
import type { Schemas } from "../../api/client";
import { historyTagsQuery } from "../../api/queries";
import { MOST_SIGNALS } from "../../app/search";
import { useFormat } from "../../format/useFormat";
import { useLanguage } from "../../i18n/LanguageProvider";
import { lookup } from "../../i18n/lookup";
import { Card } from "../../parts/Card";
import { Empty } from "../../parts/Empty";
import { Failure } from "../../parts/Failure";
import css from "./HistoryPage.module.css";
import { shownValue } from "./shownValue";

interface TagListProps {
  words: string;
  chosen: string[];
  onToggle: (tag: string) => void;
}

/** Every signal with stored values, found by words, to be ticked for the chart. */
export function TagList({ words, chosen, onToggle }: TagListProps) {
  const { t } = useLanguage();
  const f = useFormat();
  const [wanted, setWanted] = useState(words);
  const [asked] = useDebouncedValue(wanted.trim(), 250);
  const query = useInfiniteQuery(historyTagsQuery(asked));
  const found = query.data?.pages.flatMap(({ items }) => items);
  const isFull = chosen.length >= MOST_SIGNALS;
  return (
    <Card title={t.history.tags} hint={isFull ? t.history.full : t.history.count(f.integer(chosen.length))} isFlush>
      <div className={css.searchBox}>
        <TextInput
          aria-label={t.history.search}
          placeholder={t.history.searchHint}
          leftSection={<IconSearch size={16} />}
          value={wanted}
          onChange={(event) => setWanted(event.currentTarget.value)}
        />
      </div>
      {found === undefined && query.error !== null && <Failure error={query.error} onRetry={() => void query.refetch()} />}
      {found === undefined && query.error === null && (
        <Stack gap={8} px="md" pb="md" role="status" aria-label={t.loading} aria-busy="true">
          {Array.from({ length: 8 }, (_, n) => <Skeleton key={n} h={38} radius={8} />)}
        </Stack>
      )}
      {found?.length === 0 && <Empty icon={IconSearchOff} title={t.history.none} hint={t.history.noneHint} />}
      {found !== undefined && found.length > 0 && (
        <ul className={css.list} aria-label={t.history.tags}>
          {found.map((tag) => (
            <TagRow key={tag.tag} tag={tag} isChosen={chosen.includes(tag.tag)} isFull={isFull} onToggle={onToggle} />
          ))}
          {query.hasNextPage && (
            <li className={css.more}>
              <Button fullWidth variant="default" size="xs" loading={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
                {t.history.more}
              </Button>
            </li>
          )}
        </ul>
      )}
    </Card>
  );
}

interface TagRowProps {
  tag: Schemas["HistoryTag"];
  isChosen: boolean;
  isFull: boolean;
  onToggle: (tag: string) => void;
}

function TagRow({ tag, isChosen, isFull, onToggle }: TagRowProps) {
  const { t } = useLanguage();
  const f = useFormat();
  const role = tag.role === null ? tag.metric : lookup(t.signals.roles, tag.role);
  const place = tag.source_name === null ? tag.device || tag.node : f.name(tag.source_name);
  return (
    <li>
      <label className={css.row}>
        <Checkbox
          checked={isChosen}
          disabled={isFull && !isChosen}
          onChange={() => onToggle(tag.tag)}
          aria-label={`${tag.device || tag.node} ${tag.metric}`}
        />
        <span>
          <span className={css.name}>{place} · {role}</span>
          <br />
          <span className={css.where}>{tag.tag}</span>
        </span>
        <span className={`${css.value} tabular`} title={`${t.history.newest}: ${f.dayTimeWithSeconds(tag.at)}`}>{shownValue(tag.value, f, tag.role)}</span>
      </label>
    </li>
  );
}
