import { SegmentedControl } from "@mantine/core";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useEffect, useRef } from "react";
import { type AuditSearch, OEE_PARTS } from "../../../app/search";
import { useSession } from "../../../app/useSession";
import { useLanguage } from "../../../i18n/LanguageProvider";
import { AuditLink } from "../../../parts/AuditLink";
import { OeeHead } from "../OeeHead";
import { CycleList } from "./CycleList";
import { DayList } from "./DayList";
import { FlowList } from "./FlowList";
import { MinorStopList } from "./MinorStopList";
import css from "./Settings.module.css";
import { ShiftList } from "./ShiftList";
import { TargetList } from "./TargetList";

const PARTS = { targets: TargetList, cycles: CycleList, machines: MinorStopList, shifts: ShiftList, days: DayList, lines: FlowList };

/** How the audit log calls what is changed here. */
const LOGGED: Record<keyof typeof PARTS, AuditSearch> = {
  targets: { kind: "oee_target" },
  cycles: { action: "production.ideal_cycle" },
  machines: { action: "plant.minor_stop" },
  shifts: { kind: "shift" },
  days: { kind: "calendar" },
  lines: { action: "oee.flow" },
};

/** What OEE aims at and is measured against; changed by those who may, seen by everybody. */
export function SettingsPage() {
  const { t } = useLanguage();
  const { part = "targets" } = useSearch({ from: "/inside/oee/settings" });
  const navigate = useNavigate({ from: "/oee/settings" });
  const mayChange = useSession().permissions.includes("oee.manage");
  const Part = PARTS[part];
  // On a phone the parts are wider than the screen: the one that is shown is in view.
  const parts = useRef<HTMLDivElement>(null);
  useEffect(() => {
    parts.current?.querySelector(`input[value="${part}"] + label`)?.scrollIntoView({ inline: "center", block: "nearest" });
  }, [part]);
  return (
    <>
      <OeeHead title={t.standards.title} />
      <div className={css.stack}>
        <div className={css.parts} ref={parts}>
          <SegmentedControl
            aria-label={t.standards.part}
            value={part}
            onChange={(next) => void navigate({ search: { part: OEE_PARTS.find((known) => known === next) ?? "targets" } })}
            data={OEE_PARTS.map((value) => ({ value, label: t.standards.parts[value] }))}
          />
        </div>
        <Part mayChange={mayChange} />
        <p className={css.note}>{mayChange ? t.standards.audited : t.standards.readOnly} <AuditLink search={LOGGED[part]} /></p>
      </div>
    </>
  );
}
