import type { Event } from '../../protocol/event.ts';
import type { RoomId } from '../../protocol/identifiers.ts';

/** A room that is entered, by its numbers. */
export interface Entry {
  readonly roomId: RoomId;
  readonly roomNid: number;
  readonly version: string;
  /** Before our event. */
  readonly state: readonly {
    readonly event: Event;
    readonly nid: number;
    readonly keyNid: number;
  }[];
  readonly event: Event;
  readonly keyNid: number;
  /** Of a room that is not here yet: which of the state's events lies there already, by its key (`laid-entries.ts`). */
  readonly laid: ReadonlyMap<number, number>;
}
