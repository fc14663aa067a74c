import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { useLanguage } from "../../i18n/LanguageProvider";
import { PageHead } from "../../parts/PageHead";
import css from "../../parts/Tabs.module.css";

const TABS = [
  { to: "/oee", key: "figures" },
  { to: "/oee/scrap", key: "scrap" },
  { to: "/oee/settings", key: "settings" },
] as const;

/** The title of a page about OEE, and the ways to the others. */
export function OeeHead({ title, children }: { title: string; children?: ReactNode }) {
  const { t } = useLanguage();
  return (
    <>
      <PageHead title={title}>
        <nav className={css.tabs} aria-label={t.oeeTabs.label}>
          {TABS.map(({ to, key }) => (
            <Link key={to} to={to} className={css.tab} activeOptions={{ exact: true, includeSearch: false }} activeProps={{ "aria-current": "page" }}>
              {t.oeeTabs[key]}
            </Link>
          ))}
        </nav>
      </PageHead>
      {children}
    </>
  );
}
