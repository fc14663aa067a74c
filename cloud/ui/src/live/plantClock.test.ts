import { describe, expect, it } from "vitest";
import { PlantClock } from "./plantClock";

describe("the plant's clock", () => {
  it("moves with the plant's speed between two messages", () => {
    let real = 1000;
    const clock = new PlantClock(() => real);
    expect(clock.now()).toBeNull();
    clock.set("2026-03-02T08:00:00.000Z", 60);
    real += 500;
    expect(clock.now()).toBe(Date.parse("2026-03-02T08:00:30.000Z"));
  });

  it("stands while the plant has not begun", () => {
    let real = 1000;
    const clock = new PlantClock(() => real);
    clock.set("2026-03-02T08:00:00.000Z", 0);
    real += 5000;
    expect(clock.now()).toBe(Date.parse("2026-03-02T08:00:00.000Z"));
  });

  it("ignores what is not a time and tells whoever listens", () => {
    const clock = new PlantClock(() => 0);
    let heard = 0;
    const stop = clock.subscribe(() => heard++);
    clock.set("soon", 60);
    clock.set("2026-03-02T08:00:00.000Z");
    stop();
    clock.set("2026-03-02T09:00:00.000Z");
    expect(heard).toBe(1);
    expect(clock.speed).toBe(1);
  });
});
