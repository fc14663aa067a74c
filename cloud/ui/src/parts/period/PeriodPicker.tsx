import { Popover, SegmentedControl, Select } from "@mantine/core";
import { lazy, Suspense, useState } from "react";
import { useLanguage } from "../../i18n/LanguageProvider";
import { LoadingPage } from "../LoadingPage";
import css from "./PeriodPicker.module.css";
import type { Stretch } from "./stretch";

const FreePeriod = lazy(() => import("./FreePeriod"));
const FREE = "free";

interface PeriodPickerProps {
  label: string;
  /** The periods that have a name, in their order. */
  named: { value: string; label: string }[];
  /** Which of them is shown; null while a window of one's own is. */
  value: string | null;
  /** What the pickers of a window begin with. */
  window: Stretch | null;
  longestDays?: number;
  onNamed: (value: string) => void;
  onWindow: (window: Stretch) => void;
}

/** The named periods side by side on a desk, as a list on a phone; the last choice opens two pickers. */
export function PeriodPicker({ label, named, value, window, longestDays, onNamed, onWindow }: PeriodPickerProps) {
  const { t } = useLanguage();
  const [isPicking, setIsPicking] = useState(false);
  const choices = [...named, { value: FREE, label: t.period.free }];
  const choose = (next: string | null) => {
    if (next === FREE) setIsPicking(true);
    else if (next !== null) onNamed(next);
  };
  return (
    <Popover opened={isPicking} onChange={setIsPicking} position="bottom-end" shadow="md" withinPortal trapFocus>
      <Popover.Target>
        <div className={css.target}>
          <SegmentedControl
            visibleFrom="sm"
            aria-label={label}
            data={choices.map((each) => (each.value === FREE ? { ...each, label: <span onClick={() => setIsPicking(true)}>{each.label}</span> } : each))}
            value={value ?? FREE}
            onChange={choose}
          />
          <Select
            hiddenFrom="sm"
            aria-label={label}
            data={choices}
            value={value ?? FREE}
            onChange={choose}
            onOptionSubmit={(next) => next === FREE && setIsPicking(true)}
            allowDeselect={false}
          />
        </div>
      </Popover.Target>
      <Popover.Dropdown>
        <Suspense fallback={<LoadingPage />}>
          <FreePeriod
            window={window}
            longestDays={longestDays}
            onApply={(next) => {
              setIsPicking(false);
              onWindow(next);
            }}
          />
        </Suspense>
      </Popover.Dropdown>
    </Popover>
  );
}
