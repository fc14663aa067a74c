import { useComputedColorScheme } from "@mantine/core";
import { useMemo } from "react";
import { STATES } from "../parts/states";

/** The page's colours as values, because a canvas does not resolve CSS variables. */
export function usePaint() {
  const scheme = useComputedColorScheme("light");
  return useMemo(() => {
    const root = document.documentElement;
    // The attribute is set in an effect of the provider; a first chart must not read the other scheme.
    if (root.getAttribute("data-mantine-color-scheme") !== scheme) root.setAttribute("data-mantine-color-scheme", scheme);
    const style = getComputedStyle(root);
    const colour = (name: string) => style.getPropertyValue(`--${name}`).trim();
    const states = Object.fromEntries(STATES.map((state) => [state, colour(`${state}-fill`)]));
    return {
      ink: colour("ink"),
      soft: colour("ink-soft"),
      line: colour("line"),
      card: colour("card"),
      brand: colour("brand"),
      red: colour("breakdown"),
      state: (state: string) => states[state] ?? colour("idle-fill"),
      font: getComputedStyle(document.body).fontFamily,
    };
  }, [scheme]);
}

export type Paint = ReturnType<typeof usePaint>;
