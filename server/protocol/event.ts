import type { EventId, RoomId, UserId } from './identifiers.ts';
import type { JsonObject } from './json.ts';

/**
 * A parsed, frozen event of any room version. `pdu` is what was hashed and signed; the other fields
 * are read from it once, so that no rule looks into raw JSON twice.
 */
export interface Event {
  readonly eventId: EventId;
  /** Of a version 12 create event: `!` and its own reference hash, though the PDU has no room_id. */
  readonly roomId: RoomId;
  readonly type: string;
  readonly sender: UserId;
  /** Undefined on anything that is not a state event; '' is a state key like any other. */
  readonly stateKey: string | undefined;
  readonly content: JsonObject;
  /** Ids only, also for versions 1 and 2, where the PDU has pairs of id and hash. */
  readonly prevEvents: readonly EventId[];
  readonly authEvents: readonly EventId[];
  readonly depth: number;
  /** Milliseconds since 1970 by the sender's server: shown to people, trusted by nobody. */
  readonly originServerTs: number;
  /** At the top level before version 11, in the content from then on. */
  readonly redacts: EventId | undefined;
  /** Refused by the auth rules when it was received; it may not authorize others. */
  readonly rejected: boolean;
  readonly pdu: JsonObject;
  /** Canonical JSON of the PDU, of an event that was just made here: whoever sends it need not write it again. */
  readonly canonical: string | undefined;
}

/**
 * An event of the state, as far as it is looked at when another is judged by it. Its PDU, twice as
 * large as all the rest, only where others name it by its hash (versions 1 and 2).
 */
export type StateEvent = Omit<
  Event,
  'pdu' | 'canonical' | 'prevEvents' | 'authEvents' | 'redacts'
> & {
  readonly pdu?: JsonObject;
};

/** The key of a state event within its room's state. Types and keys may hold any character but U+0000. */
export const stateKeyOf = (type: string, stateKey: string): string => `${type}\u0000${stateKey}`;
