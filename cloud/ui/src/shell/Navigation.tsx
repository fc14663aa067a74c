import { Menu, UnstyledButton } from "@mantine/core";
import { IconBellRinging, IconBuildingFactory2, IconChartLine, IconClipboardList, IconDots, IconGauge, IconHourglass, IconRouter, IconServer2 } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { Link, useLocation } from "@tanstack/react-router";
import { alarmCountQuery } from "../api/queries";
import { useLanguage } from "../i18n/LanguageProvider";
import { useSession } from "../app/useSession";
import css from "./Navigation.module.css";

const PLACES = [
  { to: "/", key: "live", icon: IconBuildingFactory2, needs: "plant.read" },
  { to: "/oee", key: "oee", icon: IconGauge, needs: "plant.read" },
  { to: "/downtime", key: "downtime", icon: IconHourglass, needs: "plant.read" },
  { to: "/orders", key: "orders", icon: IconClipboardList, needs: "orders.read" },
  { to: "/alarms", key: "alarms", icon: IconBellRinging, needs: "plant.read" },
  { to: "/history", key: "history", icon: IconChartLine, needs: "plant.read" },
  { to: "/gateways", key: "gateways", icon: IconRouter, needs: "system.read" },
  { to: "/system", key: "system", icon: IconServer2, needs: "system.read" },
] as const;

/** So many places of this bar can be read and touched side by side on a phone. */
const MOST_ON_PHONE = 7;

/** A rail on a desk, a bar at the thumb on a phone, whose last place opens the rest; it shows what the role may open. */
export function Navigation() {
  const { t } = useLanguage();
  const { permissions } = useSession();
  const places = PLACES.filter(({ needs }) => permissions.includes(needs));
  const onPhone = places.length > MOST_ON_PHONE ? MOST_ON_PHONE - 1 : places.length;
  const active = useQuery(alarmCountQuery).data ?? 0;
  return (
    <nav className={css.nav} aria-label={t.nav.label}>
      <img className={css.logo} src="/taktline.svg" alt="Taktline" />
      <ul className={css.list}>
        {places.map(({ to, key, icon: Shape }, place) => (
          <li key={to} className={place >= onPhone ? css.deskOnly : undefined}>
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
        {onPhone < places.length && <li className={css.phoneOnly}><MorePlaces places={places.slice(onPhone)} /></li>}
      </ul>
    </nav>
  );
}

/** The places that a phone has no room for, in a menu above the bar. */
function MorePlaces({ places }: { places: readonly (typeof PLACES)[number][] }) {
  const { t } = useLanguage();
  const path = useLocation({ select: ({ pathname }) => pathname });
  const isHere = places.some(({ to }) => path.startsWith(to));
  return (
    <Menu position="top-end" width={200} withArrow>
      <Menu.Target>
        <UnstyledButton className={css.link} w="100%" data-here={isHere || undefined}>
          <IconDots size={23} stroke={1.6} aria-hidden />
          {t.nav.more}
        </UnstyledButton>
      </Menu.Target>
      <Menu.Dropdown>
        {places.map(({ to, key, icon: Shape }) => (
          <Menu.Item key={to} py="sm" leftSection={<Shape size={20} stroke={1.6} aria-hidden />} renderRoot={(props) => <Link to={to} {...props} />}>{t.nav[key]}</Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}

const HIDDEN = { position: "absolute", width: 1, height: 1, overflow: "hidden", clipPath: "inset(50%)" } as const;
