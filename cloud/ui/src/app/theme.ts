import { createTheme, type MantineColorsTuple } from "@mantine/core";

/** Petrol: the brand's colour, far from every state colour but calm beside all of them. */
const petrol: MantineColorsTuple = [
  "#e6f6f7", "#cbe9ec", "#9bd3d9", "#67bcc5", "#3fa9b4", "#2399a6", "#0c7f8b", "#04707c", "#035b65", "#02454d",
];

/** Dark grounds with a trace of petrol; Mantine draws its own surfaces from this scale. */
const dark: MantineColorsTuple = [
  "#d5e0e5", "#a9bac3", "#8fa2ac", "#5d717c", "#3b505b", "#2b3d47", "#1c2b33", "#142128", "#0f1a20", "#0c161b",
];

const FONT =
  '"Inter Variable", "PingFang SC", "Microsoft YaHei", "Noto Sans SC", "Noto Sans CJK SC", system-ui, sans-serif';

export const theme = createTheme({
  primaryColor: "petrol",
  primaryShade: { light: 7, dark: 6 },
  colors: { petrol, dark },
  fontFamily: FONT,
  headings: { fontFamily: FONT, fontWeight: "650" },
  defaultRadius: "md",
  cursorType: "pointer",
  autoContrast: true,
});
