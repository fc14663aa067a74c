import css from "./Bar.module.css";

interface BarProps {
  label: string;
  value: number;
  of: number;
  height?: number;
  colour?: string;
}

/** A count against its target. */
export function Bar({ label, value, of, height = 6, colour }: BarProps) {
  const share = of > 0 ? Math.min(Math.max(value / of, 0), 1) : 0;
  return (
    <div
      className={css.track}
      style={{ height }}
      role="progressbar"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={of}
      aria-valuenow={Math.min(value, of)}
      aria-valuetext={`${value} / ${of}`}
    >
      <div className={css.fill} style={{ width: `${share * 100}%`, background: colour }} />
    </div>
  );
}
