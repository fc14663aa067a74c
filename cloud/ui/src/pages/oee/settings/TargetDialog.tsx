import { NumberInput } from "@mantine/core";
import { useState } from "react";
import { answered, api } from "../../../api/client";
import { useFormat } from "../../../format/useFormat";
import { useLanguage } from "../../../i18n/LanguageProvider";
import { SettingDialog } from "./SettingDialog";
import css from "./Settings.module.css";
import { AIMS, type Aimed, asPercent, asRatio } from "./targets";

/** What a scope aims at: four ratios in percent, and the takt of its customers. */
export function TargetDialog({ aimed, onClose }: { aimed: Aimed; onClose: () => void }) {
  const { t } = useLanguage();
  const f = useFormat();
  const [aims, setAims] = useState<Record<string, number | string>>(() => Object.fromEntries(AIMS.map((name) => [name, asPercent(aimed.own?.[name])])));
  const [takt, setTakt] = useState<number | string>(aimed.own?.takt_s ?? "");
  const send = () => {
    const [oee, availability, effectiveness, quality] = AIMS.map((name) => asRatio(aims[name] ?? ""));
    const body = { oee, availability, effectiveness, quality, takt_s: typeof takt === "number" ? takt : null };
    return answered(api.PUT("/api/v1/oee/targets/{scope}", { params: { path: { scope: aimed.scope } }, body }));
  };
  const name = aimed.kind === "site" ? t.oee.site : aimed.kind === "line" ? t.oee.wholeLine(f.name(aimed.name)) : `${f.name(aimed.name)} ${aimed.id}`;
  return (
    <SettingDialog title={t.standards.changeOf(name)} hint={t.standards.targetDialogHint} submit={t.standards.save} canSend send={send} onClose={onClose}>
      <div className={css.two}>
        {AIMS.map((figure, at) => (
          <NumberInput
            key={figure}
            label={t.figures[figure]}
            suffix="%"
            placeholder="%"
            min={0}
            max={100}
            decimalScale={1}
            hideControls
            data-autofocus={at === 0 || undefined}
            value={aims[figure] ?? ""}
            onChange={(next) => setAims((now) => ({ ...now, [figure]: next }))}
          />
        ))}
      </div>
      <NumberInput label={t.standards.takt} description={t.standards.taktHint} min={0.001} max={86_400} decimalScale={3} hideControls value={takt} onChange={setTakt} />
    </SettingDialog>
  );
}
