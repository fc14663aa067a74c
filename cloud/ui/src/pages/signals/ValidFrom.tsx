import { Input, SegmentedControl } from "@mantine/core";
import { useLanguage } from "../../i18n/LanguageProvider";
import { PlantTimePicker } from "../../parts/PlantTimePicker";

interface ValidFromProps {
  /** Milliseconds since the epoch, null for all of the history. */
  value: number | null;
  /** What stands in the field at first. */
  now: number;
  onChange: (value: number | null) => void;
}

/** Since when a meaning holds, on the plant's own wall clock. */
export function ValidFrom({ value, now, onChange }: ValidFromProps) {
  const { t } = useLanguage();
  return (
    <>
      <Input.Wrapper label={t.signals.validity} labelElement="div">
        <SegmentedControl
          fullWidth
          aria-label={t.signals.validity}
          value={value === null ? "always" : "from"}
          onChange={(next) => onChange(next === "always" ? null : now)}
          data={[{ value: "from", label: t.signals.from }, { value: "always", label: t.signals.always }]}
        />
      </Input.Wrapper>
      {value !== null && <PlantTimePicker label={t.signals.at} value={value} onChange={onChange} />}
    </>
  );
}
