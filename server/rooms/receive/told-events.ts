import type { Event } from '../../protocol/event.ts';
import type { EventId } from '../../protocol/identifiers.ts';
import { inOrder } from './in-order.ts';

const AT_ONCE = 8;
/** Fetched between one look at what can be kept and the next, and kept at once. */
const PIECE_MAX = 64;
/** Of what waits for that by which it is authorized. */
const WAITING_LENGTH_MAX = 4 * 1_048_576;

export type Told =
  | { readonly kind: 'told'; readonly event: Event }
  | { readonly kind: 'not there' }
  | { readonly kind: 'not now'; readonly retryMs: number };

export interface TellPorts {
  readonly tell: (eventId: EventId) => Promise<Told>;
  /** Not before what they rest on, as far as that is to be had. */
  readonly keep: (events: readonly Event[]) => Promise<void>;
  readonly mayGoOn: () => boolean;
  /** Not beyond the time when nobody may go on. */
  readonly wait: (ms: number) => Promise<void>;
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
        const told = await this.#ports.tell(id);
        if (told.kind === 'told') this.#await(id, told.event);
        if (told.kind === 'not now') await this.#askAgain(id, told.retryMs);
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, fetchOn));
  }

  /** Behind all others: a state without an event that is there would be another state. */
  async #askAgain(id: EventId, retryMs: number): Promise<void> {
    this.#open.add(id);
    this.#order.unshift(id);
    await this.#ports.wait(retryMs);
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
    const resting = inOrder(this.#resting());
    for (let from = 0; from < resting.length; from += PIECE_MAX) {
      const piece = resting.slice(from, from + PIECE_MAX);
      await this.#ports.keep(piece);
      for (const event of piece) {
        this.#waiting.delete(event.eventId);
        this.#waitingLength -= JSON.stringify(event.pdu).length;
      }
    }
  }

  /** Those beneath which nothing is open. */
  #resting(): readonly Event[] {
    const above = new Map<EventId, EventId[]>();
    for (const [id, { authEvents }] of this.#waiting)
      for (const below of authEvents) {
        const ids = above.get(below);
        if (ids) ids.push(id);
        else above.set(below, [id]);
      }
    const blocked = new Set([...above.keys()].filter((id) => this.#open.has(id)));
    // What is added on the way is gone through, too.
    for (const id of blocked) for (const each of above.get(id) ?? []) blocked.add(each);
    return [...this.#waiting.values()].filter(({ eventId }) => !blocked.has(eventId));
  }
}
