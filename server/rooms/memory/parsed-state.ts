import { Lru } from '../../log/lru.ts';
import type { StateEvent } from '../../protocol/event.ts';
import { stateEventBytesOf } from './state-event.ts';

/** Beyond it a look at each costs more than a map does. */
const FEW = 8;
const BYTES_MAX = 256 * 1_024;

/**
 * State events of a room that the auth rules asked for, by nid: those used last. Mostly they are three or
 * four, for which a map weighs as much as one of them.
 */
export class ParsedState {
  /** Unused once there are many. */
  #few: readonly Kept[] = [];
  #many: Lru<number, StateEvent> | undefined;
  #fewBytes = 0;

  /** Of heap, by estimate. */
  get bytes(): number {
    return this.#many?.weight ?? this.#fewBytes;
  }

  get(nid: number): StateEvent | undefined {
    return this.#many ? this.#many.get(nid) : this.#find(nid)?.event;
  }

  set(nid: number, event: StateEvent): void {
    const bytes = stateEventBytesOf(event);
    if (this.#many) {
      this.#many.set(nid, event, bytes);
      return;
    }
    this.delete(nid);
    this.#few = this.#few.concat([{ nid, event, bytes }]);
    this.#fewBytes += bytes;
    if (this.#few.length > FEW || this.#fewBytes > BYTES_MAX) this.#becomeMany();
  }

  delete(nid: number): void {
    this.#many?.delete(nid);
    this.#fewBytes -= this.#find(nid)?.bytes ?? 0;
    this.#few = this.#few.filter((each) => each.nid !== nid);
  }

  #find(nid: number): Kept | undefined {
    return this.#few.find((each) => each.nid === nid);
  }

  #becomeMany(): void {
    const many = new Lru<number, StateEvent>(BYTES_MAX);
    for (const { nid, event, bytes } of this.#few) many.set(nid, event, bytes);
    this.#many = many;
    this.#few = [];
  }
}

interface Kept {
  readonly nid: number;
  readonly event: StateEvent;
  readonly bytes: number;
}
