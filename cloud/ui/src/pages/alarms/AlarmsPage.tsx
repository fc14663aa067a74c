import { SegmentedControl, Skeleton, Stack } from "@mantine/core";
import { useMediaQuery } from "@mantine/hooks";
import { IconBellCheck } from "@tabler/icons-react";
import { useInfiniteQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { alarmsQuery } from "../../api/queries";
import { useLanguage } from "../../i18n/LanguageProvider";
import { Empty } from "../../parts/Empty";
import { Loaded } from "../../parts/Loaded";
import { PageHead } from "../../parts/PageHead";
import { AlarmDetail } from "./AlarmDetail";
import { AlarmList } from "./AlarmList";
import css from "./AlarmsPage.module.css";

/** Alarms beside the one that was chosen; on a phone one after the other. */
export function AlarmsPage() {
  const { t } = useLanguage();
  const { show, id } = useSearch({ from: "/inside/alarms" });
  const navigate = useNavigate({ from: "/alarms" });
  const query = useInfiniteQuery(alarmsQuery(show ?? "active"));
  const isDesk = useMediaQuery("(min-width: 62.01em)", false, { getInitialValueInEffect: false });
  const shown = id ?? (isDesk ? query.data?.pages[0]?.items[0]?.id : undefined);
  const choose = (next: number | undefined) => void navigate({ search: (now) => ({ ...now, id: next }) });
  return (
    <>
      <PageHead title={t.alarms.title}>
        <SegmentedControl
          aria-label={t.alarms.show}
          value={show ?? "active"}
          onChange={(next) => void navigate({ search: next === "all" ? { show: "all" } : {} })}
          data={[
            { value: "active", label: t.alarms.active },
            { value: "all", label: t.alarms.all },
          ]}
        />
      </PageHead>
      <Loaded query={query} skeleton={<AlarmsSkeleton />}>
        {({ pages }) =>
          pages[0]?.items.length === 0 && id === undefined ? (
            <Empty icon={IconBellCheck} title={show === "all" ? t.alarms.emptyAll : t.alarms.empty} hint={t.alarms.emptyHint} />
          ) : (
            <div className={`${css.split} ${id === undefined ? css.waiting : css.chosen}`}>
              <div className={css.list}>
                <AlarmList
                  alarms={pages.flatMap(({ items }) => items)}
                  total={pages.at(-1)?.total ?? 0}
                  chosen={shown}
                  isBeside={isDesk}
                  isLoadingMore={query.isFetchingNextPage}
                  onMore={query.hasNextPage ? () => void query.fetchNextPage() : null}
                />
              </div>
              <div className={css.detail}>
                {shown !== undefined && <AlarmDetail key={shown} id={shown} onBack={() => choose(undefined)} />}
              </div>
            </div>
          )
        }
      </Loaded>
    </>
  );
}

function AlarmsSkeleton() {
  return (
    <div className={css.split}>
      <Stack gap={8}>
        {[0, 1, 2, 3].map((n) => <Skeleton key={n} h={92} radius={12} />)}
      </Stack>
      <Skeleton h={480} radius={12} visibleFrom="md" />
    </div>
  );
}
