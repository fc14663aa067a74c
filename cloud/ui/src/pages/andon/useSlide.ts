import { useCallback, useEffect, useState } from "react";

export interface Turning {
  index: number;
  isPaused: boolean;
  step: (by: number) => void;
  pause: () => void;
}

/** Which of `count` slides is shown: the next one after `everyS` real seconds, or by the arrow keys; space pauses. */
export function useSlide(count: number, everyS: number): Turning {
  const [at, setAt] = useState(0);
  const [isPaused, setIsPaused] = useState(false);
  const step = useCallback((by: number) => setAt((now) => now + by), []);
  const pause = useCallback(() => setIsPaused((now) => !now), []);
  useEffect(() => {
    if (isPaused || count < 2) return;
    const timer = globalThis.setTimeout(() => step(1), everyS * 1000);
    return () => globalThis.clearTimeout(timer);
  }, [at, count, everyS, isPaused, step]);
  useEffect(() => {
    const pressed = (event: KeyboardEvent) => {
      // A button that has the focus is pressed by space itself.
      if (event.key === " " && event.target instanceof HTMLButtonElement) return;
      const act = { ArrowRight: () => step(1), ArrowLeft: () => step(-1), " ": pause }[event.key];
      if (act === undefined) return;
      event.preventDefault();
      act();
    };
    globalThis.addEventListener("keydown", pressed);
    return () => globalThis.removeEventListener("keydown", pressed);
  }, [step, pause]);
  return { index: count === 0 ? 0 : ((at % count) + count) % count, isPaused, step, pause };
}
