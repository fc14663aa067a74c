import { useQuery } from "@tanstack/react-query";
import { reasonsQuery } from "../api/downtime";
import { useFormat } from "../format/useFormat";

/** A function from a reason's id to its name; the id itself for one that is not known (yet). */
export function useReasonName(): (reason: string) => string {
  const f = useFormat();
  const reasons = useQuery(reasonsQuery).data;
  return (id) => {
    const found = reasons?.find((reason) => reason.id === id);
    return found === undefined ? id : f.name(found.name);
  };
}
