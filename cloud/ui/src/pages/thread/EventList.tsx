import { IconBellRinging, IconFlag } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import type { Schemas } from "../../api/client";
import { useFormat } from "../../format/useFormat";
import { useLanguage } from "../../i18n/LanguageProvider";
import { lookup } from "../../i18n/lookup";
import { StateMark } from "../../parts/StateMark";
import css from "./EventList.module.css";

interface EventListProps {
  events: Schemas["ThreadEvent"][];
  names: Map<string, string>;
}

/** What happened on the machines while they worked for this order, newest first. */
export function EventList({ events, names }: EventListProps) {
  const { t } = useLanguage();
  const f = useFormat();
  return (
    <ul className={`${css.list} tabular`}>
      {events.map((event) => (
        <li className={css.item} key={`${event.at}/${event.machine}/${event.kind}/${event.detail}`}>
          <time className={css.time} dateTime={event.at}>{f.dayTime(event.at)}</time>
          <span className={css.what}>
            <What event={event} />
            <span>{names.get(event.machine) ?? event.machine}</span>
          </span>
          <span className={css.span}>
            {event.until !== null && f.duration((Date.parse(event.until) - Date.parse(event.at)) / 1000)}
            {event.until === null && event.kind === "state" && t.thread.ongoing}
            {event.until === null && event.kind === "alarm" && t.thread.stillActive}
          </span>
        </li>
      ))}
    </ul>
  );
}

function What({ event }: { event: Schemas["ThreadEvent"] }) {
  const { t } = useLanguage();
  if (event.kind === "state") return <StateMark state={event.detail} isSmall />;
  if (event.kind === "alarm") return <AlarmEvent event={event} />;
  return (
    <span className={css.job}>
      <IconFlag size={14} aria-hidden />
      {event.kind === "job" ? t.thread.jobStarted(event.detail) : `${lookup(t.thread.kinds, event.kind)} ${event.detail}`}
    </span>
  );
}

/** An alarm that came while a machine worked for the order, or that names the order; it opens on its own page. */
function AlarmEvent({ event }: { event: Schemas["ThreadEvent"] }) {
  const { t } = useLanguage();
  const severity = event.severity === null || event.severity === undefined ? "" : lookup(t.alarms.severities, event.severity);
  const said = (
    <>
      <IconBellRinging size={14} aria-hidden />
      {lookup(t.alarms.kinds, event.detail)}
      {severity !== "" && ` · ${severity}`}
    </>
  );
  const tone = event.severity === "critical" ? css.critical : css.alarm;
  if (event.alarm === null || event.alarm === undefined) return <span className={tone}>{said}</span>;
  return (
    <Link className={tone} to="/alarms" search={{ show: "all", id: event.alarm }}>{said}</Link>
  );
}
