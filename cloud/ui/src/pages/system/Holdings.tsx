import { Button } from "@mantine/core";
import { useState } from "react";
import type { Schemas } from "../../api/client";
import { useFormat } from "../../format/useFormat";
import { useLanguage } from "../../i18n/LanguageProvider";
import css from "./Holdings.module.css";

const SHOWN = 12;

interface HoldingsProps {
  holdings: Schemas["HoldingsOut"];
  pointsTotal: number;
}

/** How much the historian holds: in all, still open, and in the files of months. */
export function Holdings({ holdings, pointsTotal }: HoldingsProps) {
  const { t } = useLanguage();
  const f = useFormat();
  const [isAll, setIsAll] = useState(false);
  const h = t.system.holdings;
  const months = [...holdings.months].sort((a, b) => b.month.localeCompare(a.month));
  const shown = isAll ? months : months.slice(0, SHOWN);
  const widest = Math.max(holdings.recent_bytes, ...months.map(({ size_bytes }) => size_bytes), 1);
  const facts = [
    [h.size, f.bytes(holdings.size_bytes)],
    [h.points, f.integer(pointsTotal)],
    [h.closedHours, f.integer(holdings.closed_hours)],
    [h.openHours, f.integer(holdings.open_hours)],
    [h.latePoints, f.integer(holdings.late_points)],
    [h.upkeep, holdings.upkeep_at === null ? h.never : t.system.trend.ago(f.shortDuration(Math.max(0, (Date.now() - Date.parse(holdings.upkeep_at)) / 1000)))],
  ];
  return (
    <div className={css.frame}>
      <dl className={`${css.facts} tabular`}>
        {facts.map(([name, value]) => <div key={name}><dt>{name}</dt><dd>{value}</dd></div>)}
      </dl>
      <ul className={css.list} aria-label={h.byMonth}>
        <Held name={h.recent} note={h.recentNote} share={holdings.recent_bytes / widest} size={f.bytes(holdings.recent_bytes)} isOpen />
        {shown.map(({ month, points, size_bytes }) => (
          <Held
            key={month}
            name={f.month(month)}
            note={points > 0 ? h.monthNote(f.integer(points), f.decimal(size_bytes / points)) : h.monthEmpty}
            share={size_bytes / widest}
            size={f.bytes(size_bytes)}
          />
        ))}
      </ul>
      {months.length === 0 && <p className={css.none}>{h.noMonths}</p>}
      {months.length > SHOWN && (
        <Button variant="subtle" size="compact-sm" onClick={() => setIsAll(!isAll)}>{isAll ? h.fewer : h.all(f.integer(months.length))}</Button>
      )}
    </div>
  );
}

interface HeldProps {
  name: string;
  note: string;
  share: number;
  size: string;
  isOpen?: boolean;
}

function Held({ name, note, share, size, isOpen = false }: HeldProps) {
  return (
    <li>
      <span className={css.name}>{name}</span>
      <span className={css.track} aria-hidden><span className={isOpen ? css.open : css.closed} style={{ width: `${Math.max(0.6, 100 * share)}%` }} /></span>
      <b className="tabular">{size}</b>
      <small className="tabular">{note}</small>
    </li>
  );
}
