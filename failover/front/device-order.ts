/**
 * Keeps the order of one device's held requests. While nothing of a device is held, its requests
 * pass at once; once one is held, the later ones queue behind it, and each goes out when the one
 * before it was answered.
 */
export class DeviceOrder {
  readonly #held = new Map<string, Turn[]>();

  isHeld(device: string): boolean {
    return this.#held.has(device);
  }

  /** Takes a place by order of arrival. */
  join(device: string, arrival: number): Turn {
    const turns = this.#held.get(device) ?? [];
    this.#held.set(device, turns);
    const turn = new Turn(arrival, turns, () => this.#leave(device, turns, turn));
    const later = turns.findIndex((other) => other.arrival > arrival);
    turns.splice(later === -1 ? turns.length : later, 0, turn);
    return turn;
  }

  #leave(device: string, turns: Turn[], turn: Turn): void {
    const place = turns.indexOf(turn);
    if (place === -1) return;
    turns.splice(place, 1);
    if (turns.length === 0) this.#held.delete(device);
    turns[0]?.wake();
  }
}

export class Turn {
  readonly arrival: number;
  readonly leave: () => void;
  readonly #turns: readonly Turn[];
  #wake: (() => void) | undefined;

  constructor(arrival: number, turns: readonly Turn[], leave: () => void) {
    this.arrival = arrival;
    this.#turns = turns;
    this.leave = leave;
  }

  /** Nothing older of the device is held now. An older one may come back from a writer that died. */
  get isFirst(): boolean {
    return this.#turns[0] === this;
  }

  wake(): void {
    this.#wake?.();
  }

  /** Resolves when it is first, after `withinMs`, or when the signal aborts: look again then. */
  async untilFirst(withinMs: number, signal: AbortSignal): Promise<void> {
    if (this.isFirst || signal.aborted) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#wake = resolve;
    const timer = setTimeout(resolve, withinMs);
    signal.addEventListener('abort', () => resolve(), { once: true });
    await promise;
    clearTimeout(timer);
  }
}
