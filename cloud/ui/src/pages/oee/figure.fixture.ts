import type { Schemas } from "../../api/client";

/** Vorne's worked example in seconds: PBT 420 min, APT 373 min, 19,271 parts of 1 s, 423 rejected. */
export const VORNE: Schemas["Figure"] = {
  availability: 373 / 420,
  effectiveness: 19_271 / 22_380,
  quality: 18_848 / 19_271,
  oee: 18_848 / 25_200,
  quality_plain: 18_848 / 19_271,
  coverage: 1,
  planned_s: 25_200,
  observed_planned_s: 25_200,
  production_s: 22_380,
  unobserved_s: 0,
  break_s: 3600,
  good: 18_848,
  rejected: 423,
  losses: {
    planned_downtime: 0,
    breakdown: 2000,
    setup: 600,
    waiting: 220,
    minor_stops: 1000,
    reduced_speed: 2109,
    startup_rejects: 23,
    production_rejects: 400,
    rework: 0,
  },
  reworked: 0,
  losses_parts: {
    planned_downtime: 0,
    breakdown: 2000,
    setup: 600,
    waiting: 220,
    minor_stops: 1000,
    reduced_speed: 2109,
    startup_rejects: 23,
    production_rejects: 400,
    rework: 0,
  },
  indicators: {
    teep: null,
    nee: (22_380 + 600) / 25_200 * (18_848 / 22_380),
    technical_efficiency: 22_380 / 24_380,
    utilization_efficiency: 22_380 / 24_980,
    allocation_ratio: 24_980 / 25_200,
    setup_ratio: 600 / 22_980,
    mtbf_s: null,
    mttr_s: null,
    mttf_s: null,
    failures: 0,
    setups: 0,
    mean_setup_s: null,
    scrap_ratio: 423 / 19_271,
    rework_ratio: 0,
    first_pass_yield: 18_848 / 19_271,
    takt_adherence: null,
  },
  flags: [],
};

const FIRST_PASS = (18_848 - 300) / 19_271;

/** The same shift with 300 of the good parts reworked, as the server scores it under each policy. */
export const REWORKED: Record<"iso22400" | "vorne" | "point85", Schemas["Figure"]> = {
  iso22400: { ...VORNE, reworked: 300 },
  vorne: { ...VORNE, reworked: 300, quality: FIRST_PASS, oee: (19_271 / 25_200) * FIRST_PASS, losses: { ...VORNE.losses, rework: 300 } },
  point85: {
    ...VORNE,
    reworked: 300,
    availability: 373 / 480,
    quality: FIRST_PASS,
    oee: (19_271 / 28_800) * FIRST_PASS,
    losses: { ...VORNE.losses, rework: 300, planned_downtime: 3600 },
  },
};
