import type { Schemas } from "../../api/client";
import { NOTHING } from "../../format/formats";
import { useFormat } from "../../format/useFormat";
import { useLanguage } from "../../i18n/LanguageProvider";
import { Spark } from "../../parts/Spark";
import { newestOf, TREND_S, trendOf } from "./trend";
import css from "./Trends.module.css";

/** The last minutes of ingestion in pictures: how much, how late, how fast, in what portions, what waits. */
export function Trends({ system }: { system: Schemas["SystemOut"] }) {
  const { t } = useLanguage();
  const f = useFormat();
  const { trend, queue } = system;
  const lag = trendOf(trend, ({ lag_s }) => lag_s);
  const seconds = (value: number) => (value < 1 ? `${f.integer(value * 1000)} ms` : t.standards.seconds(f.decimal(value)));
  const ms = (value: number) => (value < 1000 ? `${f.decimal(value)} ms` : t.standards.seconds(f.decimal(value / 1000)));
  const orNothing = (value: number | null, say: (value: number) => string) => (value === null ? NOTHING : say(value));
  const pictures = [
    { name: t.system.pointsPerS, value: f.decimal(system.points_per_s), note: t.system.trend.mean, points: trendOf(trend, ({ points_per_s }) => points_per_s), say: f.integer },
    { name: t.system.trend.lag, value: orNothing(newestOf(lag), seconds), note: t.system.trend.lagNote, points: lag, say: seconds },
    { name: t.system.trend.commit, value: orNothing(system.commit_ms_p99, ms), note: t.system.trend.commitNote, points: trendOf(trend, ({ commit_ms }) => commit_ms), say: ms },
    { name: t.system.trend.batch, value: orNothing(system.batch_points, f.decimal), note: t.system.trend.batchNote, points: trendOf(trend, ({ batch_points }) => batch_points), say: f.decimal },
    { name: t.system.trend.queue, value: f.integer(queue.messages), note: t.system.trend.queueNote(f.integer(queue.most_messages), f.bytes(queue.bytes), f.bytes(queue.most_bytes)), points: trendOf(trend, ({ queued }) => queued), say: f.integer },
  ];
  return (
    <ul className={css.trends} aria-label={t.system.rates}>
      {pictures.map(({ name, value, note, points, say }) => (
        <li className={css.trend} key={name}>
          <h2>{name}</h2>
          <p className={`${css.value} tabular`}>{value}</p>
          <p className={css.note}>{note}</p>
          <Spark
            label={name}
            points={points}
            spanS={TREND_S}
            say={say}
            sayAge={(ageS) => t.system.trend.ago(f.shortDuration(ageS))}
            sayGreatest={t.system.trend.greatest}
            empty={t.system.trend.empty}
          />
        </li>
      ))}
    </ul>
  );
}
