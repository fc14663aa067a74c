import { Button, Skeleton } from "@mantine/core";
import { useQuery, useSuspenseQuery } from "@tanstack/react-query";
import { useState } from "react";
import { plantQuery } from "../../../api/queries";
import { targetsQuery } from "../../../api/standards";
import { useFormat } from "../../../format/useFormat";
import { useLanguage } from "../../../i18n/LanguageProvider";
import { Card } from "../../../parts/Card";
import { Loaded } from "../../../parts/Loaded";
import { PagedTable } from "../../../parts/PagedTable";
import table from "../../../parts/Table.module.css";
import css from "./Settings.module.css";
import { TargetDialog } from "./TargetDialog";
import { AIMS, type Aimed, aimedAt } from "./targets";

/** What the plant, each line and each machine aim at, with what holds where nothing was set. */
export function TargetList({ mayChange }: { mayChange: boolean }) {
  const { t } = useLanguage();
  const { data: plant } = useSuspenseQuery(plantQuery);
  const query = useQuery(targetsQuery);
  const [opened, setOpened] = useState<Aimed | null>(null);
  return (
    <Loaded query={query} skeleton={<Skeleton h={420} radius={12} />}>
      {(targets) => (
        <Card title={t.standards.targets} isFlush>
          <p className={css.lead}>{t.standards.targetsHint}</p>
          <Targets rows={aimedAt(plant, targets)} onChange={mayChange ? setOpened : null} />
          {opened !== null && <TargetDialog aimed={opened} onClose={() => setOpened(null)} />}
        </Card>
      )}
    </Loaded>
  );
}

function Targets({ rows, onChange }: { rows: Aimed[]; onChange: ((row: Aimed) => void) | null }) {
  const { t } = useLanguage();
  const f = useFormat();
  const nameOf = ({ kind, name, id }: Aimed) => (kind === "site" ? t.oee.site : kind === "line" ? t.oee.wholeLine(f.name(name)) : `${f.name(name)} ${id}`);
  const held = ({ own, from }: Aimed, figure: (typeof AIMS)[number]) => {
    const value = (own ?? from?.target)?.[figure];
    return typeof value === "number" ? <span className={own === null ? table.soft : undefined}>{f.percent(value)}</span> : f.percent(null);
  };
  return (
    <PagedTable
      label={t.standards.targets}
      isStacked
      rows={rows}
      pageSize={100}
      rowKey={({ scope }) => scope}
      columns={[
        { name: t.standards.scope, cell: (row) => (row.kind === "machine" ? nameOf(row) : <b>{nameOf(row)}</b>) },
        ...AIMS.map((figure) => ({ name: t.figures[figure], isRight: true, cell: (row: Aimed) => held(row, figure) })),
        { name: t.standards.taktShort, isRight: true, cell: ({ own }) => (typeof own?.takt_s === "number" ? t.standards.seconds(f.decimal(own.takt_s)) : f.decimal(null)) },
        { name: t.standards.whose, cell: ({ own, from }) => <span className={table.soft}>{own !== null ? t.standards.own : from === null ? t.standards.noTarget : t.standards.inherited(from.kind === "site" ? t.oee.site : f.name(from.name))}</span> },
        ...(onChange === null
          ? []
          : [{ name: t.standards.change, isRight: true, cell: (row: Aimed) => <Button variant="default" size="compact-xs" aria-label={t.standards.changeOf(nameOf(row))} onClick={() => onChange(row)}>{t.standards.change}</Button> }]),
      ]}
    />
  );
}

