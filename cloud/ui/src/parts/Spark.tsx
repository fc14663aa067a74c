import { type PointerEvent, useState } from "react";
import css from "./Spark.module.css";
import { nearest, runsOf, type SparkPoint } from "./sparkLine";

interface SparkProps {
  /** Said to people who do not see the picture. */
  label: string;
  points: SparkPoint[];
  /** Seconds from the left end to now. */
  spanS: number;
  height?: number;
  say: (value: number) => string;
  sayAge: (ageS: number) => string;
  /** What stands below: the left end, and the greatest value. */
  sayGreatest: (value: string) => string;
  empty: string;
}

const WIDTH = 100;
const HEIGHT = 40;

/** The last minutes of a figure as a small picture; pointing at it says the value there. */
export function Spark({ label, points, spanS, height = 46, say, sayAge, sayGreatest, empty }: SparkProps) {
  const [pointedS, setPointedS] = useState<number | null>(null);
  const shown = points.filter(({ ageS }) => ageS <= spanS);
  const values = shown.flatMap(({ value }) => (value === null ? [] : [value]));
  if (values.length === 0) return <div className={css.empty} style={{ height: height + 20 }}>{empty}</div>;
  const greatest = Math.max(...values);
  const x = (ageS: number) => WIDTH * (1 - ageS / spanS);
  const y = (value: number) => HEIGHT - 2 - (greatest > 0 ? value / greatest : 0) * (HEIGHT - 4);
  const picked = pointedS === null ? null : nearest(shown, pointedS);
  const point = (event: PointerEvent<SVGSVGElement>) => {
    const box = event.currentTarget.getBoundingClientRect();
    setPointedS(spanS * (1 - (event.clientX - box.left) / box.width));
  };
  return (
    <div className={css.spark}>
      <svg
        viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
        preserveAspectRatio="none"
        style={{ height }}
        role="img"
        aria-label={`${label}: ${sayGreatest(say(greatest))}`}
        onPointerMove={point}
        onPointerDown={point}
        onPointerLeave={() => setPointedS(null)}
      >
        <line className={css.ground} x1={0} x2={WIDTH} y1={HEIGHT - 1} y2={HEIGHT - 1} />
        {runsOf(shown).map((run) => {
          const [first, last] = [run[0], run.at(-1)];
          if (first === undefined || last === undefined) return null;
          // A run of one point is a dot: a line to itself with round ends.
          const line = `M${run.map(({ ageS, value }) => `${x(ageS).toFixed(2)} ${y(value).toFixed(2)}`).join("L")}${run.length === 1 ? "h0.01" : ""}`;
          return (
            <g key={first.ageS}>
              {run.length > 1 && <path className={css.area} d={`${line}V${HEIGHT}H${x(first.ageS).toFixed(2)}Z`} />}
              <path className={css.line} d={line} />
            </g>
          );
        })}
        {picked !== null && <line className={css.picked} x1={x(picked.ageS)} x2={x(picked.ageS)} y1={0} y2={HEIGHT} />}
      </svg>
      <div className={`${css.below} tabular`} aria-hidden>
        {picked === null ? (
          <><span>{sayAge(spanS)}</span><span>{sayGreatest(say(greatest))}</span></>
        ) : (
          <><span>{sayAge(picked.ageS)}</span><b>{say(picked.value)}</b></>
        )}
      </div>
    </div>
  );
}
