import { useState } from "react";

/** What a drawer shows: what is opened, or, while it slides out, what was opened last. */
export function useLastShown<T>(opened: T | null): T | null {
  const [last, setLast] = useState(opened);
  if (opened !== null && opened !== last) setLast(opened);
  return opened ?? last;
}
