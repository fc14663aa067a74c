import { useMediaQuery } from "@mantine/hooks";

/** Whether the page is as narrow as on a phone, right from the first picture; the same width as in the style sheets. */
export function useIsPhone(): boolean {
  return useMediaQuery("(max-width: 48em)", false, { getInitialValueInEffect: false });
}
