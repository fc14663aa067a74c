import { IconClipboardText } from "@tabler/icons-react";
import type { AuditSearch } from "../app/search";
import { useSession } from "../app/useSession";
import { useLanguage } from "../i18n/LanguageProvider";
import { LinkButton } from "./LinkButton";

/** The way to what was done to something, for those who may read it. */
export function AuditLink({ search }: { search: AuditSearch }) {
  const { t } = useLanguage();
  const { permissions } = useSession();
  if (!permissions.includes("audit.read")) return null;
  return <LinkButton to="/system/audit" search={search} variant="subtle" size="compact-sm" leftSection={<IconClipboardText size={15} />}>{t.audit.link}</LinkButton>;
}
