import { Popover, Skeleton, UnstyledButton } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import type { Schemas } from "../../api/client";
import { readingQuery } from "../../api/queries";
import { NOTHING } from "../../format/formats";
import { useFormat } from "../../format/useFormat";
import { useLanguage } from "../../i18n/LanguageProvider";
import { Loaded } from "../../parts/Loaded";
import css from "./ReadingOrigin.module.css";

/** The identity of a reading, which opens to the times it was sent, received and stored. */
export function ReadingOrigin({ event }: { event: Schemas["RawEvent"] }) {
  const { t } = useLanguage();
  const [isOpen, setIsOpen] = useState(false);
  const identity = `${event.stream.slice(0, 8)}… / ${event.position} / ${event.ord}`;
  return (
    <Popover opened={isOpen} onChange={setIsOpen} position="bottom-end" shadow="md" width={330} withinPortal trapFocus>
      <Popover.Target>
        <UnstyledButton className={css.open} aria-label={t.oee.segment.open(identity)} onClick={() => setIsOpen(!isOpen)}>{identity}</UnstyledButton>
      </Popover.Target>
      <Popover.Dropdown>
        <ReadingTimes event={event} />
      </Popover.Dropdown>
    </Popover>
  );
}

function ReadingTimes({ event: { stream, position, at } }: { event: Schemas["RawEvent"] }) {
  const { t } = useLanguage();
  const f = useFormat();
  const query = useQuery(readingQuery({ stream, position, at }));
  return (
    <Loaded query={query} skeleton={<Skeleton h={110} />}>
      {({ sent_at, received_at, stored_at }) => (
        <dl className={`${css.times} tabular`} tabIndex={0}>
          <dt>{t.oee.segment.at}</dt><dd>{f.dayTimeWithSeconds(at)}</dd>
          <dt>{t.oee.segment.sent}</dt><dd>{sent_at === null ? NOTHING : f.dayTimeWithSeconds(sent_at)}</dd>
          <dt>{t.oee.segment.received}</dt><dd>{f.dayTimeWithSeconds(received_at)}</dd>
          <dt>{t.oee.segment.stored}</dt><dd>{f.dayTimeWithSeconds(stored_at)}</dd>
          <dt>{t.oee.segment.stream}</dt><dd>{stream}</dd>
        </dl>
      )}
    </Loaded>
  );
}
