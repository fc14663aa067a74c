/** Roles that count parts: only these have a range and a tolerance. */
export const COUNTER_ROLES: readonly (string | null)[] = ["good", "reject", "rework"];

/** What is declared of a counter; null: nothing. */
export interface Counter {
  modulus: number | null;
  jitter: number | null;
}

/** What is wrong with a counter's declaration: the server refuses the same. */
export function counterFault({ modulus, jitter }: Counter): "modulus" | "jitter" | null {
  if (modulus !== null && !(Number.isInteger(modulus) && modulus >= 2 && modulus <= Number.MAX_SAFE_INTEGER)) return "modulus";
  if (jitter !== null && !(Number.isInteger(jitter) && jitter >= 0 && jitter <= 1_000_000)) return "jitter";
  return modulus !== null && jitter !== null && jitter * 4 > modulus ? "jitter" : null;
}
