import { Button, Group, Text } from "@mantine/core";
import { IconChecks, IconFilterOff, IconListCheck, IconMoodSmile } from "@tabler/icons-react";
import { useInfiniteQuery, useSuspenseQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useState } from "react";
import type { Schemas } from "../../api/client";
import { stopsQuery } from "../../api/downtime";
import { plantQuery } from "../../api/queries";
import { useSession } from "../../app/useSession";
import { useFormat } from "../../format/useFormat";
import { useLanguage } from "../../i18n/LanguageProvider";
import { lookup } from "../../i18n/lookup";
import { Card } from "../../parts/Card";
import { Empty } from "../../parts/Empty";
import { Loaded } from "../../parts/Loaded";
import { useReasonName } from "../../parts/useReasonName";
import { type Done, DoneLine } from "./DoneLine";
import css from "./Downtime.module.css";
import { StopsSkeleton } from "./DowntimePage";
import { Figures } from "./Figures";
import { MinorStops } from "./MinorStops";
import { isBare, type Stop, stopKey } from "./reasonTree";
import { SelectionBar } from "./SelectionBar";
import { ShiftPicture } from "./ShiftPicture";
import { StopCard } from "./StopCard";
import { StopSheet } from "./StopSheet";

/** More lanes, or more time, would be too fine to see and slow to ask for. */
const MOST_LANES = 8;
const LONGEST_PICTURE_MS = 36 * 3_600_000;

interface StopsProps {
  scope: string;
  window: { start: string; end: string };
  isRunning: boolean;
  /** Whether it is the newest shift, which nobody had to choose. */
  isNewest: boolean;
}

/** The picture of a shift, its stops with those that nobody explained first, and the one that is open. */
export function Stops({ scope, window, isRunning, isNewest }: StopsProps) {
  const { t } = useLanguage();
  const f = useFormat();
  const { reason, category, stop } = useSearch({ from: "/inside/downtime" });
  const navigate = useNavigate({ from: "/downtime" });
  const mayAssign = useSession().permissions.includes("downtime.assign");
  const { data: plant } = useSuspenseQuery(plantQuery);
  const reasonName = useReasonName();
  const query = useInfiniteQuery(
    stopsQuery({ scope, ...window, ...(reason === undefined ? {} : { reason }), ...(category === undefined ? {} : { category }) }, isRunning),
  );
  const [selected, setSelected] = useState<Set<string> | null>(null);
  const [given, setGiven] = useState<(Done & { shift: string }) | null>(null);
  // Who is at work stays in the shift: it would end under the hands, and with it what is open or selected.
  const stay = (part: { stop?: string }) => void navigate({ search: ({ stop: _, ...now }) => ({ ...now, ...window, ...part }), replace: true, resetScroll: false });
  const leave = () => void navigate({ search: ({ stop: _, start, end, ...now }) => (isNewest || start === undefined || end === undefined ? now : { ...now, start, end }), replace: true, resetScroll: false });
  const open = (next: string) => stay({ stop: next });
  const select = () => {
    setGiven(null);
    setSelected(new Set());
    stay({});
  };
  const selectNoMore = (said: string | null) => {
    setGiven(said === null ? null : { shift: window.start, text: said, number: null });
    setSelected(null);
    leave();
  };
  const toggle = (key: string) =>
    setSelected((now) => {
      const next = new Set(now);
      if (!next.delete(key)) next.add(key);
      return next;
    });
  const filter = reason !== undefined ? (reason === "unassigned" ? t.downtime.unexplained : reasonName(reason)) : category === undefined ? null : lookup(t.losses, category);
  return (
    <Loaded query={query} skeleton={<StopsSkeleton />}>
      {({ pages }) => {
        const page = pages[0];
        if (page === undefined) return null;
        const stops = pages.flatMap(({ items }) => items);
        const bare = stops.filter((each) => isBare(each));
        const rest = stops.filter((each) => !isBare(each));
        const restTitle = rest.some(({ reason: why }) => why === null) ? t.downtime.explainedOrBreak : t.downtime.explained;
        const machines = machinesOf(plant, scope);
        const list = (rows: Stop[]) => (
          <ul className={css.list}>
            {rows.map((each) => (
              <StopCard
                key={stopKey(each)}
                stop={each}
                showsMachine={machines.length > 1}
                isOpen={stop === stopKey(each)}
                isSelected={selected?.has(stopKey(each)) ?? null}
                onOpen={() => (selected === null ? open(stopKey(each)) : toggle(stopKey(each)))}
              />
            ))}
          </ul>
        );
        return (
          <div className={query.isPlaceholderData ? css.old : undefined} aria-busy={query.isPlaceholderData}>
            <div className={css.stack}>
              {machines.length <= MOST_LANES && Date.parse(window.end) - Date.parse(window.start) <= LONGEST_PICTURE_MS && (
                <ShiftPicture machines={machines} window={window} isRunning={isRunning} stops={stops} opened={stop} onOpen={open} />
              )}
              <Figures page={page} />
              <Group justify="space-between" gap="xs">
                {filter === null ? (
                  <span />
                ) : (
                  <Button variant="light" size="sm" leftSection={<IconFilterOff size={16} />} onClick={() => void navigate({ search: ({ reason: _, category: __, ...now }) => now })}>
                    {t.downtime.filtered(filter)} · {t.downtime.clearFilter}
                  </Button>
                )}
                {mayAssign && stops.length > 1 && (
                  <Button variant="default" size="sm" leftSection={<IconListCheck size={16} />} onClick={() => (selected === null ? select() : selectNoMore(null))}>
                    {selected === null ? t.downtime.select : t.downtime.selectDone}
                  </Button>
                )}
              </Group>
              {given?.shift === window.start && <DoneLine done={given} />}
              {stops.length === 0 && (
                <Card title={t.downtime.title}>
                  <Empty icon={filter === null ? IconMoodSmile : IconFilterOff} title={filter === null ? t.downtime.none : t.downtime.noMatch} hint={t.downtime.noneHint} />
                </Card>
              )}
              {bare.length > 0 && (
                <section aria-label={t.downtime.toExplain}>
                  <h2 className={css.heading}>{t.downtime.toExplain} <span className="tabular">{f.integer(page.unassigned)}</span></h2>
                  {list(bare)}
                </section>
              )}
              {bare.length === 0 && rest.length > 0 && page.unassigned === 0 && (
                <p className={css.good}><IconChecks size={18} aria-hidden /> {t.downtime.allExplained}</p>
              )}
              {rest.length > 0 && (
                <section aria-label={restTitle}>
                  <h2 className={css.heading}>{restTitle} <span className="tabular">{f.integer(page.total - page.unassigned)}</span></h2>
                  {list(rest)}
                </section>
              )}
              {query.hasNextPage && (
                <Group justify="center" gap="sm">
                  <Text fz="sm" c="var(--ink-soft)">{t.downtime.shown(f.integer(stops.length), f.integer(page.total))}</Text>
                  <Button variant="default" loading={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>{t.downtime.more}</Button>
                </Group>
              )}
              {page.minor.length > 0 && <MinorStops groups={page.minor} showsMachine={machines.length > 1} />}
            </div>
            {selected !== null && (
              <SelectionBar stops={stops.filter((each) => selected.has(stopKey(each)))} onDone={selectNoMore} />
            )}
            <StopSheet
              stopKey={stop}
              listed={stops.find((each) => stopKey(each) === stop) ?? null}
              isRunning={isRunning}
              onOpen={open}
              onClose={leave}
            />
          </div>
        );
      }}
    </Loaded>
  );
}

function machinesOf(plant: Schemas["PlantOut"], scope: string): string[] {
  const lines = plant.areas.flatMap(({ lines: of }) => of);
  const [kind, id] = scope.split(":");
  if (kind === "machine") return id === undefined ? [] : [id];
  return lines.filter((line) => kind === "site" || line.id === id).flatMap(({ machines }) => machines.map((machine) => machine.id));
}
