import { Outlet } from "@tanstack/react-router";
import { useLanguage } from "../i18n/LanguageProvider";
import { LiveProvider } from "../live/LiveProvider";
import { Navigation } from "./Navigation";
import css from "./Shell.module.css";
import { TopBar } from "./TopBar";
import { usePagesAhead } from "./usePagesAhead";

/** The frame of every page: navigation, the plant's name and clock, who is logged in. */
export function Shell() {
  const { t } = useLanguage();
  usePagesAhead();
  return (
    <LiveProvider>
      <a className={css.skip} href="#main">{t.nav.skip}</a>
      <div className={css.shell}>
        <Navigation />
        <TopBar />
        <main className={css.main} id="main" tabIndex={-1}>
          <Outlet />
        </main>
      </div>
    </LiveProvider>
  );
}
