import type { Event } from '../../protocol/event.ts';
import type { EventId } from '../../protocol/identifiers.ts';

const AT_ONCE = 8;
/** Between one look at what can be kept and the next. */
const PIECE_MAX = 64;
/** Of what waits for that by which it is authorized. */
const WAITING_LENGTH_MAX = 4 * 1_048_576;

export interface TellPorts {
  /** Undefined where it is not to be had. */
  readonly tell: (eventId: EventId) => Promise<Event | undefined>;
  readonly keep: (events: readonly Event[]) => Promise<void>;
  readonly mayGoOn: () => boolean;
}

/**
 * Fetches the events of a state that a server told, one by one, and keeps what rests on nothing that is still to come.
 * However many there are: whoever has to break off finds fewer the next time.
 */
export class ToldEvents {
  readonly #open: Set<EventId>;
  /** In which the last one comes next; some of them are open no more. */
  readonly #order: EventId[];
  readonly #waiting = new Map<EventId, Event>();
  #waitingLength = 0;
  readonly #ports: TellPorts;

  /** Those first that authorize others: otherwise these wait for them. */
  constructor(ids: readonly EventId[], ports: TellPorts) {
    this.#open = new Set(ids);
    this.#order = [...ids].reverse();
    this.#ports = ports;
  }

  /** True when all of them are kept that are to be had. */
  async fetch(): Promise<boolean> {
    while (this.#open.size > 0) {
      if (!this.#ports.mayGoOn() || this.#waitingLength > WAITING_LENGTH_MAX) return false;
      await this.#fetchPiece();
      await this.#keepWhatRests();
    }
    return true;
  }

  async #fetchPiece(): Promise<void> {
    let left = PIECE_MAX;
    const fetchOn = async () => {
      while (left-- > 0 && this.#ports.mayGoOn()) {
        const id = this.#next();
        if (id === undefined) return;
        const event = await this.#ports.tell(id);
        if (event) this.#await(id, event);
        else if (!this.#ports.mayGoOn()) this.#open.add(id);
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, fetchOn));
  }

  #next(): EventId | undefined {
    let id = this.#order.pop();
    while (id !== undefined && !this.#open.has(id)) id = this.#order.pop();
    if (id !== undefined) this.#open.delete(id);
    return id;
  }

  #await(id: EventId, event: Event): void {
    this.#waiting.set(id, event);
    this.#waitingLength += JSON.stringify(event.pdu).length;
    this.#order.push(...event.authEvents.filter((each) => this.#open.has(each)));
  }

  async #keepWhatRests(): Promise<void> {
    const resting = this.#resting();
    if (resting.length === 0) return;
    await this.#ports.keep(resting);
    for (const event of resting) {
      this.#waiting.delete(event.eventId);
      this.#waitingLength -= JSON.stringify(event.pdu).length;
    }
  }

  /** Those beneath which nothing is open; what rests on itself comes with the last ones. */
  #resting(): readonly Event[] {
    const open = new Set(this.#open);
    const resting = new Map(this.#waiting);
    for (let before = -1; before !== resting.size; ) {
      before = resting.size;
      for (const [id, { authEvents }] of resting) {
        if (!authEvents.some((each) => open.has(each))) continue;
        resting.delete(id);
        open.add(id);
      }
    }
    return [...resting.values()];
  }
}
