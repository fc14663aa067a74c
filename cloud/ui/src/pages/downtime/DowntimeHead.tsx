import { Link } from "@tanstack/react-router";
import { useSession } from "../../app/useSession";
import { useLanguage } from "../../i18n/LanguageProvider";
import { PageHead } from "../../parts/PageHead";
import css from "../../parts/Tabs.module.css";

const TABS = [
  { to: "/downtime", key: "stops" },
  { to: "/downtime/pareto", key: "pareto" },
  { to: "/downtime/reasons", key: "reasons" },
  { to: "/downtime/manual", key: "manual" },
] as const;

interface DowntimeHeadProps {
  /** Kept while going from one tab to the other, so that the same machine and time stay in view. */
  search?: { scope?: string; start?: string; end?: string };
  children?: React.ReactNode;
}

/** The title of all pages about stops, and the ways between them. */
export function DowntimeHead({ search = {}, children }: DowntimeHeadProps) {
  const { t } = useLanguage();
  const { permissions } = useSession();
  const tabs = TABS.filter(({ key }) => key !== "reasons" || permissions.includes("downtime.manage"));
  return (
    <>
      <PageHead title={t.downtime.title}>
        <nav className={css.tabs} aria-label={t.downtime.title}>
          {tabs.map(({ to, key }) => (
            <Link key={to} to={to} search={search} className={css.tab} activeOptions={{ exact: true, includeSearch: false }} activeProps={{ "aria-current": "page" }}>
              {t.downtime.tabs[key]}
            </Link>
          ))}
        </nav>
      </PageHead>
      {children}
    </>
  );
}
