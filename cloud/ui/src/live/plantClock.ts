/** The plant's time between two messages of the server: origin plus elapsed real time times speed, 0 while the plant waits to begin. */
export class PlantClock {
  #plantMs: number | null = null;
  #realMs = 0;
  #speed = 1;
  #listeners = new Set<() => void>();

  constructor(private readonly real: () => number = () => performance.now()) {}

  /** Sets the clock to what the server said just now; without a speed the one known stays. */
  set(plantNow: string, speed = this.#speed): void {
    const plantMs = Date.parse(plantNow);
    if (Number.isNaN(plantMs)) return;
    this.#plantMs = plantMs;
    this.#realMs = this.real();
    this.#speed = speed;
    for (const listener of this.#listeners) listener();
  }

  get speed(): number {
    return this.#speed;
  }

  /** Plant time in milliseconds since the epoch, or null before the server said any. */
  now(): number | null {
    if (this.#plantMs === null) return null;
    return this.#plantMs + (this.real() - this.#realMs) * this.#speed;
  }

  /** Calls back when the server sets the clock; answers how to stop that. */
  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}

export const plantClock = new PlantClock();
