import { IconBellRinging, IconBuildingFactory2, IconChartLine, IconClipboardList, IconGauge, IconHourglass, IconRouter, IconServer2 } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { alarmsQuery } from "../api/queries";
import { useLanguage } from "../i18n/LanguageProvider";
import { useSession } from "../app/useSession";
import css from "./Navigation.module.css";

const PLACES = [
  { to: "/", key: "live", icon: IconBuildingFactory2, needs: "plant.read" },
  { to: "/oee", key: "oee", icon: IconGauge, needs: "plant.read" },
  { to: "/downtime", key: "downtime", icon: IconHourglass, needs: "plant.read" },
  { to: "/orders", key: "orders", icon: IconClipboardList, needs: "orders.read" },
  { to: "/alarms", key: "alarms", icon: IconBellRinging, needs: "plant.read" },
  { to: "/history", key: "history", icon: IconChartLine, needs: "plant.read", isDeskOnly: true },
  { to: "/gateways", key: "gateways", icon: IconRouter, needs: "system.read" },
  { to: "/system", key: "system", icon: IconServer2, needs: "system.read" },
] as const;

/** A rail on a desk, a bar at the thumb on a phone, where a machine leads to its history; it shows what the role may open. */
export function Navigation() {
  const { t } = useLanguage();
  const { permissions } = useSession();
  const active = useQuery(alarmsQuery({ state: "active", limit: 1 })).data?.active ?? 0;
  return (
    <nav className={css.nav} aria-label={t.nav.label}>
      <img className={css.logo} src="/taktline.svg" alt="Taktline" />
      <ul className={css.list}>
        {PLACES.filter(({ needs }) => permissions.includes(needs)).map(({ to, key, icon: Shape, ...place }) => (
          <li key={to} className={"isDeskOnly" in place ? css.deskOnly : undefined}>
            <Link className={css.link} to={to} activeOptions={{ exact: to === "/", includeSearch: false }} activeProps={{ "aria-current": "page" }}>
              <Shape size={23} stroke={1.6} aria-hidden />
              {t.nav[key]}
              {key === "alarms" && active > 0 && (
                <span className={`${css.badge} tabular`}>
                  <span aria-hidden>{active}</span>
                  <span style={HIDDEN}>{t.nav.activeAlarms(active)}</span>
                </span>
              )}
            </Link>
          </li>
        ))}
      </ul>
    </nav>
  );
}

const HIDDEN = { position: "absolute", width: 1, height: 1, overflow: "hidden", clipPath: "inset(50%)" } as const;
