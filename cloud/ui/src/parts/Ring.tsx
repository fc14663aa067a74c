import { useFormat } from "../format/useFormat";
import css from "./Ring.module.css";

interface RingProps {
  label: string;
  ratio: number | null | undefined;
  size: number;
  thickness?: number;
  colour?: string;
}

/** A ratio as a ring with its figure in the middle; a missing ratio leaves the ring empty. */
export function Ring({ label, ratio, size, thickness = size / 10, colour }: RingProps) {
  const f = useFormat();
  const radius = (size - thickness) / 2;
  const length = 2 * Math.PI * radius;
  const shown = Math.min(Math.max(ratio ?? 0, 0), 1);
  const text = ratio === null || ratio === undefined ? f.percent(ratio) : f.decimal(ratio * 100);
  return (
    <div className={css.ring} role="img" aria-label={`${label} ${f.percent(ratio)}`} style={{ width: size, height: size }}>
      <svg width={size} height={size} aria-hidden>
        <circle className={css.track} cx={size / 2} cy={size / 2} r={radius} fill="none" strokeWidth={thickness} />
        <circle
          className={css.arc}
          style={colour === undefined ? undefined : { stroke: colour }}
          cx={size / 2}
          cy={size / 2}
          r={radius}
          fill="none"
          strokeWidth={thickness}
          strokeLinecap={shown > 0 ? "round" : "butt"}
          strokeDasharray={length}
          strokeDashoffset={length * (1 - shown)}
        />
      </svg>
      <div className={`${css.text} tabular`} style={{ fontSize: size * 0.25 }} aria-hidden>
        {text}
        <span className={css.label} style={{ fontSize: Math.max(10, size * 0.13) }}>{label}</span>
      </div>
    </div>
  );
}
