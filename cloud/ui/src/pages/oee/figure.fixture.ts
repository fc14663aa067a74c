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
  good: 18_848,
  rejected: 423,
  losses: {
    breakdown: 2000,
    setup: 600,
    waiting: 220,
    minor_stops: 1000,
    reduced_speed: 2109,
    startup_rejects: 23,
    production_rejects: 400,
  },
  flags: [],
};
