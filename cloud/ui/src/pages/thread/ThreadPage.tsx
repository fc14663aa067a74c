import { Anchor, Skeleton, Stack } from "@mantine/core";
import { IconArrowLeft } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import { useState } from "react";
import { threadQuery } from "../../api/queries";
import { useLanguage } from "../../i18n/LanguageProvider";
import { Loaded } from "../../parts/Loaded";
import { PageHead } from "../../parts/PageHead";
import { OrderHead } from "./OrderHead";
import { OrderLine } from "./OrderLine";

const FIRST = 40;
const MORE = 100;
/** The server's own limits; above them a list says how much of it is shown. */
const MOST = 1000;

/** A customer order followed down to machine events and single parts, as they happen. */
export function ThreadPage() {
  const { t } = useLanguage();
  const { number } = useParams({ from: "/inside/orders/$number" });
  const [events, setEvents] = useState(FIRST);
  const [units, setUnits] = useState(FIRST);
  const query = useQuery(threadQuery(number, events, units));
  const more = (now: number) => Math.min(now + MORE, MOST);
  return (
    <>
      <Anchor component={Link} to="/orders" fz="sm" c="var(--brand)" display="inline-flex" style={{ alignItems: "center", gap: 4 }} mb={6}>
        <IconArrowLeft size={15} aria-hidden />
        {t.thread.back}
      </Anchor>
      <PageHead title={`${t.thread.title} ${number}`} />
      <Loaded query={query} skeleton={<ThreadSkeleton />}>
        {({ order, work_orders }) => (
          <Stack gap="lg">
            <OrderHead order={order} />
            {order.lines.map((line) => (
              <OrderLine
                key={line.line}
                line={line}
                threads={work_orders.filter(({ work_order }) => work_order.line === line.line)}
                onMoreEvents={events >= MOST ? null : () => setEvents(more)}
                onMoreUnits={units >= MOST ? null : () => setUnits(more)}
              />
            ))}
          </Stack>
        )}
      </Loaded>
    </>
  );
}

function ThreadSkeleton() {
  return (
    <Stack gap="md">
      <Skeleton h={110} radius={12} />
      <Skeleton h={210} radius={12} />
      <Skeleton h={340} radius={12} />
    </Stack>
  );
}
