import { type ReactNode, useId } from "react";
import css from "./Report.module.css";

interface SectionProps {
  title: string;
  hint?: string;
  isEmpty?: boolean;
  empty?: string;
  children: ReactNode;
}

/** A titled part of the report; empty, it says so in a line. */
export function Section({ title, hint, isEmpty = false, empty = "", children }: SectionProps) {
  const id = useId();
  return (
    <section className={css.section} aria-labelledby={id}>
      <h3 id={id}>{title}{hint !== undefined && <small>{hint}</small>}</h3>
      {isEmpty ? <p className={css.note}>{empty}</p> : <div className={css.frame} tabIndex={0} role="group" aria-label={title}>{children}</div>}
    </section>
  );
}
