import { useDebouncedValue } from "@mantine/hooks";
import { keepPreviousData, useQuery, type UseQueryResult } from "@tanstack/react-query";
import { answered, api, type Schemas } from "../../api/client";

const TYPED_MS = 500;

export interface Plan {
  query: UseQueryResult<Schemas["TagMappingPlan"]>;
  /** Whether the plan is the answer to what stands in the form now. */
  isCurrent: boolean;
}

/** What a mapping would join, asked for when somebody has stopped typing. */
export function usePlan(body: Schemas["TagMappingIn"] | null): Plan {
  // A note changes nothing of what is joined.
  const wanted = body === null ? "" : JSON.stringify({ ...body, note: "" });
  const [asked] = useDebouncedValue(wanted, TYPED_MS);
  const query = useQuery({
    queryKey: ["history", "plan", asked],
    queryFn: () => answered(api.POST("/api/v1/history/mappings/plan", { body: JSON.parse(asked) as Schemas["TagMappingIn"] })),
    enabled: asked !== "",
    placeholderData: keepPreviousData,
    // What is stored moves on; a plan of a minute ago still says what would be joined.
    staleTime: 60_000,
  });
  return { query, isCurrent: wanted !== "" && asked === wanted && query.isSuccess && !query.isPlaceholderData };
}
