import { describe, expect, it } from "vitest";
import { type Reason, pathOf, byId, usableGroups } from "./reasonTree";

const reason = (id: string, parent: string | null, more: Partial<Reason> = {}): Reason => ({
  id,
  parent,
  name: { zh: `${id}名`, en: id.toUpperCase() },
  category: parent === null ? null : "breakdown",
  active: true,
  scopes: [],
  machines: null,
  ...more,
});

const TREE = [
  reason("tool", null),
  reason("tool-broken", "tool"),
  reason("tool-die", "tool", { machines: ["M2"] }),
  reason("old", null, { active: false }),
  reason("old-leaf", "old"),
  reason("tool-gone", "tool", { active: false }),
];

const ids = (machines: string[], words?: string) => usableGroups(TREE, machines, words).map(({ group, leaves }) => [group?.id, leaves.map(({ id }) => id)]);

describe("the reasons of a machine", () => {
  it("are active leaves that are meant for it, under their group", () => {
    expect(ids(["M1"])).toEqual([["tool", ["tool-broken"]]]);
    expect(ids(["M2"])).toEqual([["tool", ["tool-broken", "tool-die"]]]);
    expect(ids(["M1", "M2"])).toEqual([["tool", ["tool-broken"]]]);
  });

  it("are found by a word of their own or of their group, in either language", () => {
    expect(ids(["M2"], " BROKEN名")).toEqual([["tool", ["tool-broken"]]]);
    expect(ids(["M2"], "TOOL")).toHaveLength(1);
    expect(ids(["M2"], "nothing")).toEqual([]);
  });

  it("never run in circles", () => {
    const circle = byId([reason("a", "b"), reason("b", "a")]);
    expect(pathOf(circle, "a").map(({ id }) => id)).toEqual(["a", "b"]);
  });
});
