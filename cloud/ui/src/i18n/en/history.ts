import type { history as zh } from "../zh/history";

/** The History page. */
export const history: typeof zh = {
  history: {
    title: "History",
    search: "Search a signal (gateway, device or name)",
    tags: "Signals",
    count: (n) => `${n} chosen`,
    newest: "Newest value",
    none: "No signal matches",
    noneHint: "Try other words; a signal appears with its first stored value.",
    more: "Show more",
    pick: "Choose signals to see",
    pickHint: "Tick up to 8 in the list of signals.",
    full: "At most 8 signals at once.",
    chart: "Chart",
    chartLabel: (names) => `History of ${names}`,
    range: "Time range",
    ranges: { 1: "1 h", 8: "8 h", 24: "24 h", 168: "7 days" },
    follow: "Follow the newest values",
    zoomOut: "Back to the range",
    csv: "Download CSV",
    noValues: "There are no values in this time.",
    every: "Every point",
    windows: (width) => `Mean and least to greatest of every ${width}`,
    unobserved: "Not observed",
    bad: "Bad quality",
    from: (start, end) => `${start} – ${end}`,
    remove: (name) => `Remove ${name}`,
    openHistory: "History",
    texts: "Texts",
  },
};
