import { useFormat } from "../../format/useFormat";
import { usePlantNow } from "../../live/usePlantNow";

/** How long ago something began, in two units, moving with the plant's clock. */
export function Span({ since }: { since: string | null }) {
  const f = useFormat();
  const now = usePlantNow();
  if (since === null || now === null) return null;
  return <span className="tabular">{f.duration(Math.max(0, (now - Date.parse(since)) / 1000))}</span>;
}
