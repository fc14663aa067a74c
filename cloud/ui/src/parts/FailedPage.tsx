import { useQueryErrorResetBoundary } from "@tanstack/react-query";
import { type ErrorComponentProps, useRouter } from "@tanstack/react-router";
import { useCallback, useEffect } from "react";
import { serverAnswers } from "../api/client";
import { mayPass } from "../api/problem";
import { Failure } from "./Failure";

const ASK_AGAIN_MS = 3000;

/** Instead of a whole page whose session, plant or program could not be loaded; it comes back with the server. */
export function FailedPage({ error, reset }: ErrorComponentProps) {
  const router = useRouter();
  const boundary = useQueryErrorResetBoundary();
  useEffect(() => boundary.reset(), [boundary]);
  const retry = useCallback(() => {
    reset();
    void router.invalidate();
  }, [reset, router]);
  useEffect(() => {
    if (!mayPass(error)) return;
    let isLeft = false;
    const timer = globalThis.setInterval(() => {
      void serverAnswers().then((isUp) => {
        if (isUp && !isLeft) retry();
      });
    }, ASK_AGAIN_MS);
    return () => {
      isLeft = true;
      globalThis.clearInterval(timer);
    };
  }, [error, retry]);
  return <Failure error={error} onRetry={retry} />;
}
