import { useQueryErrorResetBoundary } from "@tanstack/react-query";
import { type ErrorComponentProps, useRouter } from "@tanstack/react-router";
import { useEffect } from "react";
import { Problem } from "../api/problem";
import { Failure } from "./Failure";

/** Instead of a whole page whose session, plant or program could not be loaded. */
export function FailedPage({ error, reset }: ErrorComponentProps) {
  const router = useRouter();
  const boundary = useQueryErrorResetBoundary();
  useEffect(() => boundary.reset(), [boundary]);
  const retry = () => {
    reset();
    void router.invalidate();
  };
  return <Failure error={isCodeMissing(error) ? new Problem(0, "network") : error} onRetry={retry} />;
}

/** Whether a page's own code could not be fetched; browsers have no type for that, only words. */
function isCodeMissing(error: unknown): boolean {
  return error instanceof Error && /dynamically imported module|module script|Unable to preload/i.test(error.message);
}
