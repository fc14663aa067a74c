import { Link } from "@tanstack/react-router";
import { type ReactNode, useEffect, useRef } from "react";
import { useSession } from "../../app/useSession";
import { useLanguage } from "../../i18n/LanguageProvider";
import { PageHead } from "../../parts/PageHead";
import css from "../../parts/Tabs.module.css";

const TABS = [
  { to: "/system", key: "overview", needs: "system.read" },
  { to: "/system/signals", key: "signals", needs: "system.read" },
  { to: "/system/mappings", key: "mappings", needs: "system.read" },
  { to: "/system/tokens", key: "tokens", needs: null },
  { to: "/system/audit", key: "audit", needs: "audit.read" },
] as const;

/** The title of a page about the system, and the ways to the others; who may open one only sees none. */
export function SystemHead({ title, children }: { title: string; children?: ReactNode }) {
  const { t } = useLanguage();
  const { permissions } = useSession();
  const tabs = TABS.filter(({ needs }) => needs === null || permissions.includes(needs));
  // On a phone the tabs are wider than the screen: the one that is shown is in view.
  const nav = useRef<HTMLElement>(null);
  useEffect(() => {
    nav.current?.querySelector("[aria-current]")?.scrollIntoView({ inline: "center", block: "nearest" });
  }, [title]);
  return (
    <PageHead title={title}>
      {tabs.length > 1 && (
        <nav className={css.tabs} ref={nav} aria-label={t.system.tabs.label}>
          {tabs.map(({ to, key }) => (
            <Link key={to} to={to} className={css.tab} activeOptions={{ exact: true, includeSearch: false }} activeProps={{ "aria-current": "page" }}>
              {t.system.tabs[key]}
            </Link>
          ))}
        </nav>
      )}
      {children}
    </PageHead>
  );
}
