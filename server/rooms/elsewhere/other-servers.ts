import type { BulkLane } from '../../log/bulk.ts';
import type { EventId, RoomAlias, RoomId, ServerName, UserId } from '../../protocol/identifiers.ts';
import type { JsonObject } from '../../protocol/json.ts';
import type { Passage } from '../membership/membership.ts';

/** By which rooms are entered that are not here. */
export interface Elsewhere {
  readonly servers: OtherServers;
  /** For all their events. */
  readonly lane: Pick<BulkLane, 'piece' | 'pieceBytes'>;
  /** Rooms of so many members and more may be used before these are here (`becoming-whole.ts`); none where it is left out. */
  readonly fasterFrom?: number | undefined;
  /** So long a join waits for the members at most, where they come behind it. */
  readonly joinWaitsMs?: number | undefined;
  /** Told of each server that asks something of this one, or answers it. */
  readonly onHeard?: ((listener: (server: ServerName) => void) => void) | undefined;
}

/** What is asked of servers that are in a room of which this one is not. */
export interface OtherServers {
  /** How many have joined the room, as the server says to those who look around; undefined where it does not say, or not soon. */
  joinedCount(server: ServerName, roomId: RoomId): Promise<number | undefined>;
  /** The event by which the user comes in, leaves or knocks, for this server to sign. */
  template(
    server: ServerName,
    wish: { passage: Passage; roomId: RoomId; userId: UserId; versions: readonly string[] },
  ): Promise<{ readonly version: string; readonly event: JsonObject }>;
  /** Hands the signed event in, and answers what the other server says to it: where that is large it is entered before more is read. */
  submit(
    server: ServerName,
    signed: {
      readonly passage: Passage;
      readonly roomId: RoomId;
      readonly eventId: EventId;
      readonly pdu: JsonObject;
      readonly enterLarge?: () => Promise<void>;
      /** Of the state that is answered to a join. */
      readonly omitMembers?: boolean;
    },
  ): Promise<JsonObject>;
  /** The state before an event, as `pdus`, and what that rests on, as `auth_chain`. */
  state(
    server: ServerName,
    asked: {
      readonly roomId: RoomId;
      readonly eventId: EventId;
      readonly enterLarge: () => Promise<void>;
    },
  ): Promise<JsonObject>;
  /** Answers the invite as the server of who is invited has signed it. */
  invite(
    server: ServerName,
    invite: {
      readonly roomId: RoomId;
      readonly eventId: EventId;
      readonly version: string;
      readonly pdu: JsonObject;
      readonly state: readonly JsonObject[];
    },
  ): Promise<JsonObject>;
  /** What a policy server answers when it is asked to sign the event (`POST /_matrix/policy/v1/sign`). */
  recommendation(server: ServerName, pdu: JsonObject, withinMs: number): Promise<JsonObject>;
  /** Undefined where the alias's server knows none of that name. */
  resolveAlias(
    alias: RoomAlias,
  ): Promise<{ readonly roomId: RoomId; readonly servers: readonly ServerName[] } | undefined>;
}
