import { useEffect, useState } from "react";
import { plantClock } from "./plantClock";

/** Plant time in milliseconds, moving with the plant's own speed; null until the server said it. */
export function usePlantNow(everyMs = 1000): number | null {
  const [now, setNow] = useState(() => plantClock.now());
  useEffect(() => {
    const look = () => setNow(plantClock.now());
    const timer = window.setInterval(look, everyMs);
    const stop = plantClock.subscribe(look);
    look();
    return () => {
      window.clearInterval(timer);
      stop();
    };
  }, [everyMs]);
  return now;
}
