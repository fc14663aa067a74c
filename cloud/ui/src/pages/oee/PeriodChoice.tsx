import { Popover, SegmentedControl, Select } from "@mantine/core";
import { lazy, Suspense, useState } from "react";
import type { OeeAsked } from "../../api/queries";
import { PERIODS, type Period } from "../../app/search";
import { useLanguage } from "../../i18n/LanguageProvider";
import { LoadingPage } from "../../parts/LoadingPage";

const CustomPeriod = lazy(() => import("./CustomPeriod"));

type Window = Omit<OeeAsked, "scope">;

/** The named periods side by side on a desk, as a list on a phone; `custom` opens two pickers. */
export function PeriodChoice({ asked, onAsked }: { asked: OeeAsked; onAsked: (window: Window) => void }) {
  const { t } = useLanguage();
  const [isPicking, setIsPicking] = useState(false);
  const value = asked.period ?? "custom";
  const choices = [...PERIODS, "custom" as const].map((each) => ({ value: each, label: t.oee.periods[each] }));
  const choose = (next: string | null) => {
    if (next === "custom") setIsPicking(true);
    else if (next !== null) onAsked({ period: next as Period });
  };
  return (
    <Popover opened={isPicking} onChange={setIsPicking} position="bottom-end" shadow="md" withinPortal trapFocus>
      <Popover.Target>
        <div style={{ maxWidth: "100%" }}>
          <SegmentedControl
            visibleFrom="sm"
            aria-label={t.oee.period}
            data={choices.map((each) =>
              each.value === "custom" ? { ...each, label: <span onClick={() => setIsPicking(true)}>{each.label}</span> } : each,
            )}
            value={value}
            onChange={choose}
          />
          <Select
            hiddenFrom="sm"
            aria-label={t.oee.period}
            data={choices}
            value={value}
            onChange={choose}
            onOptionSubmit={(next) => next === "custom" && setIsPicking(true)}
            allowDeselect={false}
            w="calc(100vw - 24px)"
          />
        </div>
      </Popover.Target>
      <Popover.Dropdown>
        <Suspense fallback={<LoadingPage />}>
          <CustomPeriod
            asked={asked}
            onApply={(window) => {
              setIsPicking(false);
              onAsked(window);
            }}
          />
        </Suspense>
      </Popover.Dropdown>
    </Popover>
  );
}
