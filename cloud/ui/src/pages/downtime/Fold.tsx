import { Collapse, UnstyledButton } from "@mantine/core";
import { IconChevronDown } from "@tabler/icons-react";
import { type ReactNode, useId, useState } from "react";
import css from "./Downtime.module.css";

/** A part of the sheet that is needed now and then, folded away at first. */
export function Fold({ title, children }: { title: string; children: ReactNode }) {
  const [isOpen, setIsOpen] = useState(false);
  const id = useId();
  return (
    <section className={css.folded}>
      <UnstyledButton className={css.fold} aria-expanded={isOpen} aria-controls={id} onClick={() => setIsOpen(!isOpen)}>
        <b className={css.grow}>{title}</b>
        <IconChevronDown size={20} style={{ rotate: isOpen ? "180deg" : undefined }} aria-hidden />
      </UnstyledButton>
      <Collapse expanded={isOpen} id={id}>
        <div className={css.inner}>{children}</div>
      </Collapse>
    </section>
  );
}
