import { Collapse, UnstyledButton } from "@mantine/core";
import { IconChevronDown } from "@tabler/icons-react";
import { useId, useState } from "react";
import type { Schemas } from "../../api/client";
import { useFormat } from "../../format/useFormat";
import { useLanguage } from "../../i18n/LanguageProvider";
import { StateMark } from "../../parts/StateMark";
import { useMachineName } from "../../parts/useMachineName";
import { useReasonName } from "../../parts/useReasonName";
import css from "./Downtime.module.css";

/** Minor stops by machine and state, folded away until somebody asks. */
export function MinorStops({ groups, showsMachine }: { groups: Schemas["MinorGroup"][]; showsMachine: boolean }) {
  const { t } = useLanguage();
  const f = useFormat();
  const machineName = useMachineName();
  const reasonName = useReasonName();
  const [isOpen, setIsOpen] = useState(false);
  const id = useId();
  const count = groups.reduce((sum, group) => sum + group.count, 0);
  const seconds = groups.reduce((sum, group) => sum + group.seconds, 0);
  return (
    <section className={css.minor}>
      <UnstyledButton className={css.fold} aria-expanded={isOpen} aria-controls={id} onClick={() => setIsOpen(!isOpen)}>
        <b>{t.downtime.minor}</b>
        <span className="tabular">{t.downtime.minorSum(f.integer(count), f.machineTime(seconds))}</span>
        <IconChevronDown size={20} style={{ rotate: isOpen ? "180deg" : undefined }} aria-hidden />
      </UnstyledButton>
      <Collapse expanded={isOpen} id={id}>
        <p className={css.hint}>{t.downtime.minorHint}</p>
        <ul className={css.minorList}>
          {groups.map((group) => (
            <li key={`${group.machine}/${group.state}/${group.reason ?? ""}`}>
              <StateMark state={group.state} isSmall />
              <span className={css.grow}>
                {showsMachine && machineName(group.machine)} {group.reason !== null && <b>{reasonName(group.reason)}</b>}
              </span>
              <span className="tabular">{t.downtime.minorRow(f.integer(group.count))}</span>
              <span className={`${css.right} tabular`}>{f.machineTime(group.seconds)}</span>
            </li>
          ))}
        </ul>
      </Collapse>
    </section>
  );
}
