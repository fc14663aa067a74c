import { answered, api, type Schemas } from "../../api/client";
import { useLanguage } from "../../i18n/LanguageProvider";
import { MeaningForm } from "./MeaningForm";

/** Ends what a signal means, from a time on or for all of its history. */
export function EndDialog({ binding, onClose }: { binding: Schemas["BindingOut"]; onClose: () => void }) {
  const { t } = useLanguage();
  return (
    <MeaningForm
      title={t.signals.endOf(binding.tag)}
      lead={t.signals.endLead}
      always={t.signals.endAlways}
      submit={t.signals.end}
      canSend
      send={(valid_from) => answered(api.POST("/api/v1/bindings/end", { body: { tag: binding.tag, valid_from, replaces: binding.version } }))}
      onClose={onClose}
    />
  );
}
