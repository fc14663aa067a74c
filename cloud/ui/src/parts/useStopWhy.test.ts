import { describe, expect, it } from "vitest";
import { formats } from "../format/formats";
import { en } from "../i18n/en";
import { zh } from "../i18n/zh";
import { whyStopped } from "../pages/andon/slides";
import { whyOf } from "./useStopWhy";

const nameOf = (id: string) => id.toUpperCase();
const why = (reason: string | null, lost_s: number) => whyOf({ reason, lost_s }, nameOf, en);

describe("why a machine stands", () => {
  it("is what was said, a break that nobody has to explain, or not known yet", () => {
    expect([why("tool", 0), why(null, 0), why(null, 1)]).toEqual(["TOOL", "Break, planned stop or no shift", "No reason yet"]);
    expect(whyOf({ reason: null, lost_s: 0 }, nameOf, zh)).toBe("休息、计划停机或无排班");
  });

  it("is on a board the break or the missing shift, never a question", () => {
    const f = formats("zh", "Asia/Shanghai");
    const stop = { start: "", state: "planned_stop", category: "planned", reason: null };
    expect(whyStopped({ ...stop, lost_s: 0 }, f, zh, zh.live.inBreak)).toBe("休息中");
    expect(whyStopped({ ...stop, lost_s: 60 }, f, zh, zh.live.inBreak)).toBe("原因未填");
    expect(whyStopped({ ...stop, lost_s: 0, reason: { zh: "换刀", en: "Tool change" } }, f, zh, zh.live.inBreak)).toBe("换刀");
  });
});
