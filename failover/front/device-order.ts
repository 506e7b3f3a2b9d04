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

  /** Takes a place by order of arrival. `first` resolves when nothing older of the device is held. */
  join(device: string, arrival: number): Turn {
    const turns = this.#held.get(device) ?? [];
    this.#held.set(device, turns);
    const turn = new Turn(arrival, () => this.#leave(device, turn));
    const later = turns.findIndex((other) => other.arrival > arrival);
    turns.splice(later === -1 ? turns.length : later, 0, turn);
    turns[0]?.begin();
    return turn;
  }

  #leave(device: string, turn: Turn): void {
    const turns = (this.#held.get(device) ?? []).filter((other) => other !== turn);
    if (turns.length === 0) this.#held.delete(device);
    else this.#held.set(device, turns);
    turns[0]?.begin();
  }
}

export class Turn {
  readonly arrival: number;
  readonly first: Promise<void>;
  readonly leave: () => void;
  readonly begin: () => void;

  constructor(arrival: number, leave: () => void) {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.arrival = arrival;
    this.leave = leave;
    this.first = promise;
    this.begin = resolve;
  }
}
