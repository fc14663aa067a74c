import { Button, Group, NumberInput, Stack } from "@mantine/core";
import { useFormat } from "../../format/useFormat";
import { useLanguage } from "../../i18n/LanguageProvider";
import { type Counter, counterFault } from "./counter";

/** Ranges that counters have: 16 bits, 32 bits, four and six digits. */
const USUAL = [65_536, 4_294_967_296, 10_000, 1_000_000] as const;

/** How far a counter goes before it begins again, and by how much it may step back without having restarted. */
export function CounterFields({ counter, onChange }: { counter: Counter; onChange: (counter: Counter) => void }) {
  const { t } = useLanguage();
  const f = useFormat();
  const c = t.signals.counter;
  const fault = counterFault(counter);
  const number = (value: string | number) => (value === "" ? null : Number(value));
  return (
    <Stack gap="sm">
      <div>
        <NumberInput
          label={c.modulus}
          description={c.modulusHint}
          placeholder={c.never}
          allowDecimal={false}
          allowNegative={false}
          thousandSeparator=" "
          value={counter.modulus ?? ""}
          error={fault === "modulus" ? c.wrongModulus : undefined}
          onChange={(value) => onChange({ ...counter, modulus: number(value) })}
        />
        <Group gap={6} mt={6}>
          {USUAL.map((modulus) => (
            <Button key={modulus} size="compact-xs" variant={counter.modulus === modulus ? "light" : "default"} aria-pressed={counter.modulus === modulus} onClick={() => onChange({ ...counter, modulus })}>
              {c.usual[modulus]}
            </Button>
          ))}
        </Group>
      </div>
      <NumberInput
        label={c.jitter}
        description={c.jitterHint}
        placeholder={c.byItself}
        allowDecimal={false}
        allowNegative={false}
        value={counter.jitter ?? ""}
        error={fault === "jitter" ? c.wrongJitter(counter.modulus === null ? f.integer(1_000_000) : f.integer(Math.floor(counter.modulus / 4))) : undefined}
        onChange={(value) => onChange({ ...counter, jitter: number(value) })}
      />
    </Stack>
  );
}

/** What is declared of a counter, in short; nothing when nothing is. */
export function CounterRule({ modulus, jitter }: { modulus: number | null | undefined; jitter: number | null | undefined }) {
  const { t } = useLanguage();
  const f = useFormat();
  const said = [
    ...(modulus == null ? [] : [t.signals.counter.ends(f.integer(modulus))]),
    ...(jitter == null ? [] : [t.signals.counter.steps(f.integer(jitter))]),
  ];
  return said.length === 0 ? null : <div>{said.join(" · ")}</div>;
}
