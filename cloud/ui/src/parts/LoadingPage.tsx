import { Center, Loader } from "@mantine/core";
import { useLanguage } from "../i18n/LanguageProvider";

export function LoadingPage() {
  const { t } = useLanguage();
  return (
    <Center mih="60vh" role="status" aria-label={t.loading}>
      <Loader type="dots" />
    </Center>
  );
}
