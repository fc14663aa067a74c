import { type ReactNode, useId } from "react";
import css from "./Card.module.css";

interface CardProps {
  title: string;
  hint?: ReactNode;
  /** Lets a table or a list reach the card's edges. */
  isFlush?: boolean;
  children: ReactNode;
}

/** A titled region of a page. */
export function Card({ title, hint, isFlush = false, children }: CardProps) {
  const id = useId();
  return (
    <section className={css.card} aria-labelledby={id}>
      <div className={css.head}>
        <h2 className={css.title} id={id}>{title}</h2>
        {hint !== undefined && <span className={css.hint}>{hint}</span>}
      </div>
      <div className={isFlush ? css.flush : css.body}>{children}</div>
    </section>
  );
}
