import type { andon as zh } from "../zh/andon";

export const andon: typeof zh = {
  andon: {
    title: "Andon board",
    open: "Andon board",
    count: "Good this shift",
    targets: { takt: "By takt", oee: "By target", ideal: "At ideal speed" },
    aim: (oee) => `Target ${oee}`,
    state: "State of the machine",
    alarm: "Alarm",
    noReason: "No reason given",
    allRun: "No stops",
    unwatched: (n) => (n === 1 ? "1 machine unobserved" : `${n} machines unobserved`),
    stale: (age) => `No data for ${age}: showing what was received last`,
    again: "Trying again automatically.",
    nothing: "The screens named in the address do not exist in this plant",
    words: "Accepted: site, lines, machines, line:LINE, machines:LINE, machine:MACHINE, separated by commas",
    unknown: (words) => `Not found: ${words}`,
    before: "Previous screen",
    next: "Next screen",
    pause: "Pause",
    go: "Resume",
    full: "Full screen",
    leave: "Back to the live plant",
  },
};
