import { useSuspenseQuery } from "@tanstack/react-query";
import { reasonsQuery } from "../../api/downtime";
import { useFormat } from "../../format/useFormat";

/** A function from a reason's id to its name; the id itself for one that this version does not know. */
export function useReasonName(): (reason: string) => string {
  const f = useFormat();
  const { data } = useSuspenseQuery(reasonsQuery);
  return (id) => {
    const found = data.find((reason) => reason.id === id);
    return found === undefined ? id : f.name(found.name);
  };
}
