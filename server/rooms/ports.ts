import type { Log } from '../log/log.ts';
import type { Event } from '../protocol/event.ts';
import type { FindKey } from '../protocol/event-signatures.ts';
import type { RoomId, ServerName, UserId } from '../protocol/identifiers.ts';
import type { JsonObject } from '../protocol/json.ts';
import type { RetentionBounds } from '../protocol/retention.ts';
import type { RoomVersionRules } from '../protocol/room-versions.ts';
import type { SigningKey } from '../protocol/signatures.ts';
import type { Elsewhere } from './elsewhere/other-servers.ts';
import type { AskServers } from './receive/ask-servers.ts';
import type { RoomStore } from './store.ts';

/** Who was erased, and at which positions in the log. */
export interface ErasedUsers {
  of(userIds: readonly UserId[]): Promise<ReadonlyMap<UserId, number>>;
  /** That of the first of all; Infinity where nobody was. */
  first(): Promise<number>;
}

export type IgnoredBy = (userId: UserId) => Promise<ReadonlySet<UserId>>;

/** By which keys these events may be signed, as far as they can be had; undefined where rooms are not shared. */
export type EventKeys = (
  events: readonly Event[],
  rules: RoomVersionRules,
  /** Who is asked for the keys of servers that do not answer: one whose word on these events is believed. */
  notary?: ServerName,
) => Promise<FindKey>;

/** What the room engine needs of the rest of the server. */
export interface RoomPorts {
  readonly log: Log;
  readonly store: RoomStore;
  readonly identity: { readonly serverName: ServerName; readonly key: SigningKey };
  /** Empty for those who have none. */
  readonly profileOf: (userId: UserId) => Promise<JsonObject>;
  readonly erased?: ErasedUsers | undefined;
  /** Whom the user ignores. */
  readonly ignoredBy?: IgnoredBy | undefined;
  /** Those of the users who let nobody invite them. */
  readonly blockingInvites?:
    | ((userIds: readonly UserId[]) => Promise<ReadonlySet<UserId>>)
    | undefined;
  /** Who speaks for the server itself: nobody is spared their invites, and nobody turns them down. */
  readonly noticesFrom?: UserId | undefined;
  /** Says of a room what a user said for themselves of the one that it replaced. Harmless twice. */
  readonly followRoom?:
    | ((userId: UserId, move: { from: RoomId; to: RoomId }) => Promise<void>)
    | undefined;
  /** How long what is said is kept; undefined where for ever. */
  readonly retention?: RetentionBounds | undefined;
  /** Whoever leaves a room, or is made to, has forgotten it at once. */
  readonly forgetOnLeave?: boolean | undefined;
  /** Undefined where rooms are not shared with other servers. */
  readonly eventKeys?: EventKeys | undefined;
  readonly elsewhere?: Elsewhere | undefined;
  /** Undefined where rooms are not shared with other servers. */
  readonly askServers?: AskServers | undefined;
  /** Of what did not work and nobody is told of. */
  readonly onError?: ((error: unknown) => void) | undefined;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly defaultRoomVersion: string;
  /** Of heap, for all that the engine keeps in memory. */
  readonly memoryBytesMax: number;
  /** Of events' JSON in one answer; 128 MiB unless told. */
  readonly answerBytesMax?: number | undefined;
  /** Of a room's state without memberships; 48 MiB unless told. */
  readonly stateBytesMax?: number | undefined;
}
