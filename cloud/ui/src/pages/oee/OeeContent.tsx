import type { Schemas } from "../../api/client";
import type { OeeAsked } from "../../api/queries";
import { useLanguage } from "../../i18n/LanguageProvider";
import { lookup } from "../../i18n/lookup";
import { Card } from "../../parts/Card";
import { useIsPhone } from "../../parts/useIsPhone";
import { ChangeoverTable } from "./ChangeoverTable";
import { ConstraintCard } from "./ConstraintCard";
import { FigureBand } from "./FigureBand";
import { HeatCard } from "./HeatCard";
import { IndicatorCard } from "./IndicatorCard";
import { LossWaterfall } from "./LossWaterfall";
import { MachineTable } from "./MachineTable";
import css from "./OeeContent.module.css";
import type { Opened } from "./opened";
import { ProductCard } from "./ProductCard";
import { StateTimeline } from "./StateTimeline";
import { TrendCard } from "./TrendCard";

interface OeeContentProps {
  oee: Schemas["OeeOut"];
  asked: OeeAsked;
  /** The answer belongs to an earlier question while the new one is on its way. */
  isOld: boolean;
  onOpen: (opened: Opened) => void;
}

export function OeeContent({ oee, asked, isOld, onOpen }: OeeContentProps) {
  const { t } = useLanguage();
  const isPhone = useIsPhone();
  const changeovers = oee.machines.length === 1 ? (oee.machines[0]?.changeovers ?? []) : [];
  return (
    <div className={`${css.grid} ${isOld ? css.old : ""}`} aria-busy={isOld}>
      <div className={css.full}>
        <FigureBand oee={oee} onOpen={onOpen} />
      </div>
      {oee.constraint !== null && (
        <div className={css.full}>
          <ConstraintCard constraint={oee.constraint} />
        </div>
      )}
      <div className={css.left}>
        <Card title={t.oee.waterfall} hint={`${oee.figure.losses.planned_downtime === 0 ? t.oee.waterfallHint : t.oee.waterfallWithBreaks} · ${t.oee.policy(lookup(t.oee.policies, oee.policy))}`}>
          <LossWaterfall figure={oee.figure} onOpen={onOpen} />
        </Card>
      </div>
      <div className={css.right}>
        <TrendCard oee={oee} asked={asked} />
      </div>
      <div className={css.full}>
        <Card title={t.oee.timeline} hint={isPhone ? t.oee.timelineTouch : t.oee.timelineHint}>
          <StateTimeline oee={oee} asked={asked} />
        </Card>
      </div>
      <div className={css.full}>
        <HeatCard oee={oee} asked={asked} />
      </div>
      {oee.machines.length > 1 && (
        <div className={css.full}>
          <Card title={t.oee.machines} isFlush>
            <MachineTable machines={oee.machines} asked={asked} />
          </Card>
        </div>
      )}
      {changeovers.length > 0 && (
        <div className={css.full}>
          <Card title={t.indicators.changeovers} hint={t.indicators.changeoversHint} isFlush>
            <ChangeoverTable changeovers={changeovers} />
          </Card>
        </div>
      )}
      <div className={css.full}>
        <ProductCard oee={oee} asked={asked} />
      </div>
      <div className={css.full}>
        <IndicatorCard figure={oee.figure} />
      </div>
    </div>
  );
}
