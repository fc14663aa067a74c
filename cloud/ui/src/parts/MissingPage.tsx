import { IconMapQuestion } from "@tabler/icons-react";
import { useLanguage } from "../i18n/LanguageProvider";
import { Empty } from "./Empty";
import { LinkButton } from "./LinkButton";

export function MissingPage() {
  const { t } = useLanguage();
  return (
    <div style={{ textAlign: "center" }}>
      <Empty icon={IconMapQuestion} title={t.failure.missingPage} />
      <LinkButton to="/" variant="default">{t.failure.backHome}</LinkButton>
    </div>
  );
}
