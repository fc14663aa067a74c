import { act, createElement } from "react";
import { createRoot, type Root } from "react-dom/client";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type Turning, useSlide } from "./useSlide";

/** A board of `count` slides that turns every ten seconds of a clock turned by hand. */
let root: Root;
let turning: Turning;

function Probe({ count }: { count: number }) {
  turning = useSlide(count, 10);
  return createElement("button");
}

const show = (count: number) => act(() => root.render(createElement(Probe, { count })));
const pass = (seconds: number) => act(() => vi.advanceTimersByTime(seconds * 1000));
const press = (key: string, on: EventTarget = globalThis.window) =>
  act(() => void on.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true })));

beforeEach(() => {
  vi.stubGlobal("IS_REACT_ACT_ENVIRONMENT", true);
  vi.useFakeTimers();
  root = createRoot(document.body.appendChild(document.createElement("div")));
});

afterEach(() => {
  act(() => root.unmount());
  document.body.replaceChildren();
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

describe("a board", () => {
  it("turns to the next slide after its seconds, not before, and from the last to the first", () => {
    show(3);
    pass(9.9);
    expect(turning.index).toBe(0);
    pass(0.1);
    expect(turning.index).toBe(1);
    pass(10);
    expect(turning.index).toBe(2);
    pass(10);
    expect(turning.index).toBe(0);
  });

  it("turns by the arrow keys in both directions and then waits its whole time again", () => {
    show(3);
    pass(9);
    press("ArrowLeft");
    expect(turning.index).toBe(2);
    pass(9);
    expect(turning.index).toBe(2);
    pass(1);
    expect(turning.index).toBe(0);
    press("ArrowRight");
    expect(turning.index).toBe(1);
  });

  it("stands while it is paused and goes on afterwards", () => {
    show(2);
    press(" ");
    expect(turning.isPaused).toBe(true);
    pass(600);
    expect(turning.index).toBe(0);
    press(" ");
    pass(10);
    expect(turning.index).toBe(1);
  });

  it("leaves space to the button that has the focus", () => {
    show(2);
    press(" ", document.querySelector("button") ?? undefined);
    expect(turning.isPaused).toBe(false);
  });

  it("never turns a single slide, and shows one that is there when slides go", () => {
    show(1);
    pass(600);
    expect(turning.index).toBe(0);
    show(4);
    press("ArrowLeft");
    expect(turning.index).toBe(3);
    show(2);
    expect(turning.index).toBeLessThan(2);
    show(0);
    expect(turning.index).toBe(0);
  });
});
