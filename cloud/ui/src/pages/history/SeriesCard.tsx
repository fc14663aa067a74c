import { Button, Pill, Skeleton, Switch } from "@mantine/core";
import { useDebouncedCallback } from "@mantine/hooks";
import { IconChartLine, IconDownload, IconZoomReset } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import type { Schemas } from "../../api/client";
import { seriesQuery } from "../../api/queries";
import { HISTORY_HOURS, type HistoryHours, type HistorySearch } from "../../app/search";
import { LazyChart } from "../../chart/LazyChart";
import { usePaint } from "../../chart/usePaint";
import { useFormat } from "../../format/useFormat";
import { useLanguage } from "../../i18n/LanguageProvider";
import { usePlantNow } from "../../live/usePlantNow";
import { Card } from "../../parts/Card";
import { Empty } from "../../parts/Empty";
import { Loaded } from "../../parts/Loaded";
import { PeriodPicker } from "../../parts/period/PeriodPicker";
import css from "./HistoryPage.module.css";
import { heightOf, lanesOf, metricOf } from "./lanes";
import { colourOf, seriesOption } from "./seriesOption";
import { periodOf, windowOf } from "./window";

const POINTS = 700;
/** The longest window that the server answers. */
const LONGEST_DAYS = 400;

interface SeriesCardProps {
  search: HistorySearch;
  onSearch: (next: HistorySearch) => void;
}

/** The chosen signals over a window that zooming makes finer. */
export function SeriesCard({ search, onSearch }: SeriesCardProps) {
  const { t } = useLanguage();
  const f = useFormat();
  const tags = search.tags ?? [];
  const hours = search.hours ?? 8;
  const isZoomed = search.start !== undefined;
  const [isFollowing, setIsFollowing] = useState(false);
  const now = usePlantNow(isFollowing ? 2000 : 30_000);
  const window = windowOf(search, hours, now, isFollowing);
  const query = useQuery({ ...seriesQuery({ tag: tags, ...(window ?? { start: "", end: "" }), points: POINTS }), enabled: tags.length > 0 && window !== null });
  const { q } = search;
  const show = (next: Omit<HistorySearch, "tags" | "q">) => onSearch({ tags, ...(q === undefined ? {} : { q }), ...next });
  const period = periodOf(search);
  if (tags.length === 0) {
    return <Card title={t.history.chart}><Empty icon={IconChartLine} title={t.history.pick} hint={t.history.pickHint} /></Card>;
  }
  return (
    <Card title={t.history.chart} hint={window === null ? undefined : t.history.from(f.dayTime(window.start), f.dayTime(window.end))}>
      <div className={css.tools}>
        <PeriodPicker
          label={t.history.range}
          named={HISTORY_HOURS.map((each) => ({ value: String(each), label: t.history.ranges[each] }))}
          value={isZoomed || period !== null ? null : String(hours)}
          window={window}
          longestDays={LONGEST_DAYS}
          onNamed={(next) => show({ hours: Number(next) as HistoryHours })}
          onWindow={({ start, end }) => show({ from: start, to: end })}
        />
        {isZoomed && (
          <Button variant="default" size="sm" leftSection={<IconZoomReset size={16} />} onClick={() => show(period === null ? { hours } : { from: period.start, to: period.end })}>{t.history.zoomOut}</Button>
        )}
        {!isZoomed && period === null && (
          <Switch label={t.history.follow} checked={isFollowing} onChange={(event) => setIsFollowing(event.currentTarget.checked)} />
        )}
        {window !== null && (
          <Button.Group ml="auto">
            <Button component="a" href={rowsOf(tags, window, "csv")} download variant="default" size="sm" leftSection={<IconDownload size={16} />}>{t.history.csv}</Button>
            <Button component="a" href={rowsOf(tags, window, "parquet")} download variant="default" size="sm" aria-label={t.history.parquet}>Parquet</Button>
          </Button.Group>
        )}
      </div>
      <div className={css.chosen}>
        {tags.map((tag, index) => (
          <Pill
            key={tag}
            size="md"
            withRemoveButton
            onRemove={() => onSearch({ ...search, tags: tags.filter((each) => each !== tag) })}
            removeButtonProps={{ "aria-label": t.history.remove(shortName(tag)), "aria-hidden": false, tabIndex: 0 }}
          >
            <i className={css.dot} style={{ background: colourOf(index) }} aria-hidden />{shortName(tag)}
          </Pill>
        ))}
      </div>
      <Loaded query={query} skeleton={<Skeleton h={heightOf(1)} />}>
        {(found) => (
          <div aria-busy={query.isPlaceholderData}>
            <SeriesChart found={found} onZoom={(start, end) => onSearch({ ...search, start, end })} />
          </div>
        )}
      </Loaded>
    </Card>
  );
}

function SeriesChart({ found, onZoom }: { found: Schemas["HistoryOut"]; onZoom: (start: string, end: string) => void }) {
  const { t } = useLanguage();
  const f = useFormat();
  const paint = usePaint();
  const names = useMemo(() => found.series.map(({ tag }) => shortName(tag)), [found]);
  const option = useMemo(() => seriesOption(found, { names, paint, f, t }), [found, names, paint, f, t]);
  const zoomed = useDebouncedCallback((startMs: number, endMs: number) => {
    const [wasStart, wasEnd] = [Date.parse(found.start), Date.parse(found.end)];
    const isWhole = startMs <= wasStart + 1 && endMs >= wasEnd - 1;
    if (!isWhole && endMs - startMs >= 1000) onZoom(new Date(startMs).toISOString(), new Date(endMs).toISOString());
  }, 400);
  const lanes = useMemo(() => lanesOf(found.series), [found]);
  const width = found.series.find(({ window_s }) => window_s !== null)?.window_s ?? null;
  const isCut = found.series.some(({ shown_from }) => shown_from !== null);
  const isEmpty = found.series.every(({ points, windows, before }) => points.length === 0 && windows.length === 0 && before === null);
  return (
    <>
      {isEmpty && <p className={css.mode} role="status">{t.history.noValues}</p>}
      {/* Another set of lanes is another picture: the chart would keep the axes of one that is gone. */}
      <LazyChart key={lanes.map(({ key }) => key).join()} label={t.history.chartLabel(names.join(", "))} option={option} height={heightOf(lanes.length)} onZoom={zoomed} />
      <p className={css.mode}>
        {width !== null ? t.history.windows(f.shortDuration(width)) : isCut ? null : t.history.every}
        {found.series.some(({ unobserved }) => unobserved.length > 0) && <span className={css.shade}><i style={{ background: paint.state("unobserved"), opacity: 0.5 }} />{t.history.unobserved}</span>}
        {found.series.some(({ bad }) => bad.length > 0) && <span className={css.shade}><i style={{ background: paint.state("breakdown"), opacity: 0.4 }} />{t.history.bad}</span>}
      </p>
      {found.series.map(({ tag, shown_from, points }, index) => shown_from !== null && (
        <p key={tag} className={css.mode} role="status">{t.history.cut(names[index] ?? tag, f.integer(points.length), f.dayTimeWithSeconds(shown_from))}</p>
      ))}
    </>
  );
}

/** Device and metric: the rest of the address is in the list. */
function shortName(tag: string): string {
  const device = tag.split("/")[2] ?? "";
  return device === "" ? metricOf(tag) : `${device} ${metricOf(tag)}`;
}

function rowsOf(tags: string[], { start, end }: { start: string; end: string }, format: "csv" | "parquet"): string {
  return `/api/v1/history/rows?${new URLSearchParams([...tags.map((tag) => ["tag", tag]), ["start", start], ["end", end], ["format", format]])}`;
}
