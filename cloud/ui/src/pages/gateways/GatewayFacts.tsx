import type { ReactNode } from "react";
import type { Schemas } from "../../api/client";
import { NOTHING } from "../../format/formats";
import { useFormat } from "../../format/useFormat";
import { useLanguage } from "../../i18n/LanguageProvider";
import css from "./GatewayCard.module.css";

const SKEW_WARN_S = 2;

/** What a gateway tells about itself, and what the cloud knows of it; the first only our own gateways tell. */
export function GatewayFacts({ gateway }: { gateway: Schemas["FleetGateway"] }) {
  const { t } = useLanguage();
  const f = useFormat();
  const g = t.gateways;
  const { spool, clock_skew_s: skew, cpu, memory_bytes: memory, lag_s: lag } = gateway;
  // An older gateway of ours tells nothing of itself: then what the cloud knows takes the place.
  const isOwn = gateway.kind === "own" && (spool !== null || gateway.software_version !== null);
  return (
    <dl className={`${css.facts} tabular`}>
      {isOwn && (
        <>
          <Fact name={g.spool} isWarning={(spool?.dropped ?? 0) > 0} untold={g.notTold}>
            {spool && <>{g.batches(f.integer(spool.waiting_batches))}<small>{spoolHint(spool)}</small></>}
          </Fact>
          <Fact name={g.skew} isWarning={skew !== null && Math.abs(skew) >= SKEW_WARN_S} untold={g.notTold}>
            {skew !== null && g.skewOf(f.decimal2(skew))}
          </Fact>
          <Fact name={g.errors} isWarning={(gateway.errors ?? 0) > 0} untold={g.notTold}>
            {gateway.errors !== null && <>{f.integer(gateway.errors)}<small>{g.badInput} {f.integer(gateway.bad_input)}</small></>}
          </Fact>
          <Fact name={g.load} untold={g.notTold}>
            {memory !== null && <>{f.bytes(memory)}<small>CPU {f.percent(cpu)}</small></>}
          </Fact>
          <Fact name={g.version} untold={g.notTold}>
            {gateway.software_version !== null && (
              <>{gateway.software_version}<small>{g.config} {gateway.config_version ?? NOTHING}</small></>
            )}
          </Fact>
        </>
      )}
      <Fact name={g.lag} untold={NOTHING}>{lag !== null && g.skewOf(f.decimal2(lag))}</Fact>
      {!isOwn && <Fact name={g.points} untold={NOTHING}>{f.integer(gateway.points)}</Fact>}
      {!isOwn && <Fact name={g.gaps} untold={NOTHING} isWarning={gateway.gaps > 0}>{f.integer(gateway.gaps)}</Fact>}
    </dl>
  );

  function spoolHint(told: Schemas["SpoolOut"]): string {
    if (told.dropped > 0) return g.dropped(f.integer(told.dropped));
    if (told.waiting_batches === 0 || told.oldest_s === null) return g.nothingWaits;
    return g.oldest(f.shortDuration(told.oldest_s));
  }
}

interface FactProps {
  name: string;
  untold: string;
  isWarning?: boolean;
  children: ReactNode;
}

function Fact({ name, untold, isWarning = false, children }: FactProps) {
  const isTold = children !== null && children !== undefined && children !== false;
  return (
    <div>
      <dt>{name}</dt>
      <dd className={isTold ? (isWarning ? css.warn : "") : css.untold}>{isTold ? children : untold}</dd>
    </div>
  );
}
