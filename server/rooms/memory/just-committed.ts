import type { Event } from '../../protocol/event.ts';
import type { PendingEvent } from './hot-room.ts';

/** An event of the timeline with its room's number. Of one that was redacted before it came, what that left. */
export interface CommittedEvent {
  readonly roomNid: number;
  readonly event: Event;
}

/**
 * What the log tells of last, as it was built here. It is asked by who follows the log behind the engine, in the turn in
 * which that is told of; before the next commit nothing of it is gone.
 */
export class JustCommitted {
  readonly #events = new Map<number, PendingEvent>();

  /** Another commit is told of. */
  begin(): void {
    this.#events.clear();
  }

  put(position: number, pending: PendingEvent): void {
    this.#events.set(position, pending);
  }

  /** Undefined where this server did not build it, or numbered it before: then the tables know more. */
  at(position: number): CommittedEvent | undefined {
    const pending = this.#events.get(position);
    if (pending?.event.nid !== position) return undefined;
    return { roomNid: pending.room.nid, event: pending.parsed };
  }
}
