import { useEffect } from "react";
import { answered, api, serverAnswers } from "../../api/client";

const RENEW_MS = 30 * 60_000;
const RELOAD_MS = 12 * 3_600_000;

/** Keeps a board running for days: its login is renewed, its screen stays on, and now and then it loads afresh. */
export function useLongRun(): void {
  useEffect(() => {
    const renew = () => void answered(api.POST("/api/v1/session/renew")).catch(() => undefined);
    renew();
    const renewing = globalThis.setInterval(renew, RENEW_MS);
    // A new version of the program comes with it; while the server is away the old one goes on.
    const reloading = globalThis.setInterval(() => {
      void serverAnswers().then((isUp) => isUp && globalThis.location.reload());
    }, RELOAD_MS);
    return () => {
      globalThis.clearInterval(renewing);
      globalThis.clearInterval(reloading);
    };
  }, []);
  useEffect(() => {
    let lock: WakeLockSentinel | null = null;
    // Browsers give the lock back whenever the page is hidden, and know it only over HTTPS.
    const hold = () => {
      if (document.visibilityState !== "visible" || !("wakeLock" in navigator)) return;
      navigator.wakeLock.request("screen").then(
        (held) => {
          lock = held;
        },
        () => undefined,
      );
    };
    hold();
    document.addEventListener("visibilitychange", hold);
    return () => {
      document.removeEventListener("visibilitychange", hold);
      void lock?.release();
    };
  }, []);
}
