import { describe, expect, it } from "vitest";
import { en } from "./en";
import { firstLanguage } from "./language";
import { lookup } from "./lookup";
import { zh } from "./zh";

function leaves(tree: object, path = ""): string[] {
  return Object.entries(tree).flatMap(([key, value]) =>
    typeof value === "object" && value !== null ? leaves(value, `${path}${key}.`) : [`${path}${key}`],
  );
}

describe("texts", () => {
  it("exist in both languages down to the codes that the types leave open", () => {
    expect(leaves(en)).toEqual(leaves(zh));
  });

  it("are never empty", () => {
    for (const texts of [zh, en]) expect(JSON.stringify(texts)).not.toContain('""');
  });

  it("fall back to the code that a newer server sends", () => {
    expect(lookup(en.states, "melting")).toBe("melting");
    expect(lookup(en.states, "constructor")).toBe("constructor");
    expect(lookup(zh.states, "running")).toBe("运行");
  });
});

describe("the first language", () => {
  it("is the one kept, else the browser's first that we speak, else English", () => {
    expect(firstLanguage("zh", ["en-US"])).toBe("zh");
    expect(firstLanguage(null, ["fr-FR", "zh-TW", "en"])).toBe("zh");
    expect(firstLanguage("xx", ["de-DE", "en-GB"])).toBe("en");
    expect(firstLanguage(null, [])).toBe("en");
  });
});
