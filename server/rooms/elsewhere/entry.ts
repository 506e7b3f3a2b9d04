import { type Event, stateKeyOf } from '../../protocol/event.ts';
import type { EventId, RoomId, ServerName } from '../../protocol/identifiers.ts';

/** An event of the state, by its numbers. */
export interface EntryEvent {
  readonly event: Event;
  readonly nid: number;
  readonly keyNid: number;
}

/** A room that is entered, by its numbers. */
export interface Entry {
  readonly roomId: RoomId;
  readonly roomNid: number;
  readonly version: string;
  /** Before our event. */
  readonly state: readonly EntryEvent[];
  readonly event: Event;
  readonly keyNid: number;
  /** Of a room that is not here yet: which of the state's events lies there already, by its key (`laid-entries.ts`). */
  readonly laid: ReadonlyMap<number, number>;
  /** Where its members come later: through which server it is entered, and which ones have somebody in it. */
  readonly partial?: Partly | undefined;
}

export interface Partly {
  readonly server: ServerName;
  readonly servers: readonly ServerName[];
}

/** These by their numbers and those of their keys. */
export const entryEvents = (
  events: readonly Event[],
  numbers: {
    readonly keys: ReadonlyMap<string, number>;
    readonly nids: ReadonlyMap<EventId, number>;
  },
): EntryEvent[] =>
  events.map((event) => ({
    ...{ event, nid: numbers.nids.get(event.eventId)! },
    keyNid: numbers.keys.get(stateKeyOf(event.type, event.stateKey!))!,
  }));
