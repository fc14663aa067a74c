import { useSuspenseQuery } from "@tanstack/react-query";
import { plantQuery } from "../api/queries";
import { useLanguage } from "../i18n/LanguageProvider";
import { CatchingUpMark } from "./CatchingUpMark";
import { ConnectionMark } from "./ConnectionMark";
import { LanguageSwitch } from "./LanguageSwitch";
import { ClockFace } from "./ClockFace";
import { SchemeSwitch } from "./SchemeSwitch";
import css from "./TopBar.module.css";
import { UserMenu } from "./UserMenu";

export function TopBar() {
  const { language } = useLanguage();
  const { data: plant } = useSuspenseQuery(plantQuery);
  return (
    <header className={css.bar}>
      <div className={css.plant}>{plant.name[language]}</div>
      <CatchingUpMark />
      <ConnectionMark />
      <ClockFace />
      <div className={css.tools}>
        <span className={css.wide}><LanguageSwitch /></span>
        <span className={css.wide}><SchemeSwitch /></span>
        <UserMenu />
      </div>
    </header>
  );
}
