import type { UseQueryResult } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { useLanguage } from "../i18n/LanguageProvider";
import { Failure } from "./Failure";
import { StaleAlert } from "./StaleAlert";

interface LoadedProps<T> {
  query: UseQueryResult<T>;
  skeleton: ReactNode;
  children: (found: T) => ReactNode;
}

/** The four lives of a part of a page: its shape while loading, a failure, stale content, content. */
export function Loaded<T>({ query, skeleton, children }: LoadedProps<T>) {
  const { t } = useLanguage();
  const retry = () => void query.refetch();
  if (query.data === undefined) {
    if (query.error !== null) return <Failure error={query.error} onRetry={retry} />;
    return <div role="status" aria-label={t.loading} aria-busy="true">{skeleton}</div>;
  }
  return (
    <>
      {query.error !== null && <StaleAlert error={query.error} onRetry={retry} />}
      {children(query.data)}
    </>
  );
}
