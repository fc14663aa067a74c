import { Select } from "@mantine/core";
import { type OeePolicy, POLICIES } from "../../app/search";
import { useLanguage } from "../../i18n/LanguageProvider";

/** Which reading of OEE the figures follow. */
export function PolicyChoice({ policy, onPolicy }: { policy: OeePolicy; onPolicy: (policy: OeePolicy) => void }) {
  const { t } = useLanguage();
  return (
    <Select
      aria-label={t.oee.policyChoice}
      data={POLICIES.map((name) => ({ value: name, label: t.oee.policies[name] }))}
      value={policy}
      onChange={(next) => next !== null && onPolicy(next as OeePolicy)}
      allowDeselect={false}
      w={{ base: "100%", xs: 150 }}
      comboboxProps={{ shadow: "md" }}
    />
  );
}
