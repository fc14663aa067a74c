import type { shell as zh } from "../zh/shell";

export const shell: typeof zh = {
  brand: { claim: "From machine signal to customer order" },
  language: { label: "Language", zh: "中文", en: "English" },
  scheme: { label: "Appearance", light: "Light", dark: "Dark", auto: "As the system" },
  nav: {
    label: "Main navigation",
    skip: "Skip to content",
    live: "Live",
    oee: "OEE",
    downtime: "Stops",
    orders: "Orders",
    alarms: "Alarms",
    gateways: "Gateways",
    history: "History",
    system: "System",
    activeAlarms: (n) => (n === 1 ? "1 active alarm" : `${n} active alarms`),
  },
  clock: { label: "Plant time", speed: (x) => `Runs at ${x} times real speed` },
  connection: {
    label: "Connection",
    connecting: "Connecting",
    live: "Live",
    polling: "Polling",
    offline: "Offline",
    hint: {
      connecting: "Opening the live channel.",
      live: "Pages update as soon as something changes.",
      polling: "The live channel is down; pages ask every 5 seconds instead.",
      offline: "The server does not answer. Pages show what was received last.",
    },
  },
  catchingUp: { label: "Backfilling history", hint: "Gateways are sending a backlog; figures of earlier periods will be completed." },
  table: { page: (n, of) => `Page ${n} of ${of}`, pages: "Pages" },
  loading: "Loading",
  close: "Close",
};
