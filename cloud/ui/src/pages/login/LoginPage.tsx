import { IconCheck } from "@tabler/icons-react";
import { useLanguage } from "../../i18n/LanguageProvider";
import { LanguageSwitch } from "../../shell/LanguageSwitch";
import { SchemeSwitch } from "../../shell/SchemeSwitch";
import { LoginForm } from "./LoginForm";
import css from "./LoginPage.module.css";

export function LoginPage() {
  const { t } = useLanguage();
  return (
    <div className={css.page}>
      <div className={css.story}>
        <svg className={css.wave} viewBox="0 0 800 300" preserveAspectRatio="none" aria-hidden>
          <g fill="none" stroke="#35c4c4" strokeWidth="2" vectorEffect="non-scaling-stroke">
            <path opacity="0.8" d="M0 220h180l20-60 34 100 26-140 30 160 22-60h150l18-40 28 70 22-30h270" />
            <path opacity="0.35" d="M0 255h300l20-50 34 80 26-110 30 130 22-50h368" />
            <path opacity="0.18" d="M0 185h90l18-40 30 70 24-90 26 100 20-40h592" />
          </g>
        </svg>
        <div className={css.brand}>
          <img src="/taktline.svg" alt="" />
          Taktline
        </div>
        <div>
          <p className={css.lead}>{t.login.lead}</p>
          <ul className={css.points}>
            {t.login.points.map((point) => (
              <li key={point}>
                <IconCheck size={18} stroke={2.4} aria-hidden />
                {point}
              </li>
            ))}
          </ul>
        </div>
        <span />
      </div>
      <main className={css.side}>
        <div className={css.tools}>
          <LanguageSwitch />
          <SchemeSwitch />
        </div>
        <LoginForm className={css.form} />
      </main>
    </div>
  );
}
