import { answered, api, type Schemas } from "../../api/client";
import { useLanguage } from "../../i18n/LanguageProvider";
import { CommandForm } from "./CommandForm";
import { useCommand } from "./useCommand";

/** Asks a gateway for all its births, after a reason. */
export function RebirthDialog({ gateway, onClose }: { gateway: Schemas["FleetGateway"] | null; onClose: () => void }) {
  return gateway === null ? null : <Opened gateway={gateway} onClose={onClose} />;
}

function Opened({ gateway: { group, node }, onClose }: { gateway: Schemas["FleetGateway"]; onClose: () => void }) {
  const { t } = useLanguage();
  const { asked, now } = useCommand((reason: string) =>
    answered(api.POST("/api/v1/gateways/{group}/{node}/rebirth", { params: { path: { group, node } }, body: { reason } })),
  );
  return (
    <CommandForm
      title={t.gateways.rebirth}
      lead={t.gateways.rebirthLead(`${group}/${node}`)}
      submit={t.gateways.ask}
      canSend
      isPending={asked.isPending}
      error={asked.error}
      command={now}
      onSend={(reason) => asked.mutate(reason)}
      onClose={onClose}
    />
  );
}
