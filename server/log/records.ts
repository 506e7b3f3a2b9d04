import type { EventId, RoomId, UserId } from '../protocol/identifiers.ts';

/**
 * What a record of the log says: what changed, by name. It does not repeat content, which lies in
 * the tables. Owners of a kind keep it here, in one place, since followers read all of them.
 */
export type LogRecord =
  /** An event took its place in the timeline; its nid is the record's position. */
  | {
      kind: 'event';
      roomId: RoomId;
      eventId: EventId;
    }
  /** Current state changed at this key; also where resolution did it without a new event. */
  | { kind: 'state'; roomId: RoomId; type: string; stateKey: string; eventNid: number | null }
  /** The user no longer wants to hear of a room that they left. */
  | { kind: 'forget'; roomId: RoomId; userId: UserId }
  | {
      kind: 'receipt';
      roomId: RoomId;
      userId: UserId;
      receiptType: string;
      threadId: string | null;
    }
  | { kind: 'account-data'; userId: UserId; roomId: RoomId | null; type: string }
  | { kind: 'to-device'; userId: UserId; deviceId: string }
  /** The devices or identity keys of the user changed in a way that others must hear of. */
  | { kind: 'device-list'; userId: UserId }
  /** The user signed keys of somebody else, which only the user's own devices are told. */
  | { kind: 'key-signature'; userId: UserId; targetId: UserId }
  /** An access token of the user was taken away or replaced: whoever knows tokens by heart asks again. */
  | { kind: 'logins'; userId: UserId }
  /** What the user tells of themselves changed, or is gone. */
  | { kind: 'profile'; userId: UserId }
  /** The room came into the published directory, or went out of it; or it was blocked, or is no longer. */
  | { kind: 'directory'; roomId: RoomId }
  /** The room became what another server says that it is: anybody's membership in it may have changed. */
  | { kind: 'room-entered'; roomId: RoomId }
  /** An administrator deleted the room: it is there no more, and nobody is in it. */
  | { kind: 'room-deleted'; roomId: RoomId }
  /** What was said in the room up to some moment is gone for good: what is known of it by heart goes, too. */
  | { kind: 'history-purged'; roomId: RoomId }
  /** The one-time or fallback keys of a device changed. */
  | { kind: 'device-keys'; userId: UserId; deviceId: string };

export type RecordKind = LogRecord['kind'];

/** A follower that meets a version it does not know becomes cold; it does not guess. */
export const RECORD_VERSIONS: { readonly [K in RecordKind]: number } = {
  event: 1,
  state: 1,
  forget: 1,
  receipt: 1,
  'account-data': 1,
  'to-device': 1,
  'device-list': 1,
  'key-signature': 1,
  logins: 1,
  profile: 1,
  directory: 1,
  'room-entered': 1,
  'room-deleted': 1,
  'history-purged': 1,
  'device-keys': 1,
};

/** Whom a record is news to. */
export interface Concern {
  /** All who are in the room. */
  readonly roomId?: RoomId;
  /** This user; with a room, the room is theirs from then on. */
  readonly userId?: UserId;
}

const NOBODY: Concern = {};

/** A new kind does not compile until it says here whom it concerns. */
const CONCERNS: {
  readonly [K in RecordKind]: (record: Extract<LogRecord, { kind: K }>) => Concern;
} = {
  event: ({ roomId }) => ({ roomId }),
  state: ({ roomId, type, stateKey }) =>
    type === 'm.room.member' ? { roomId, userId: stateKey as UserId } : { roomId },
  forget: () => NOBODY,
  receipt: ({ roomId, userId, receiptType }) =>
    receiptType === 'm.read' ? { roomId } : { userId },
  'account-data': ({ userId }) => ({ userId }),
  'to-device': ({ userId }) => ({ userId }),
  // Who else has to hear of it depends on who shares rooms with the user: see sync/device-lists.ts.
  'device-list': ({ userId }) => ({ userId }),
  'key-signature': ({ userId }) => ({ userId }),
  logins: () => NOBODY,
  // Others see it in rooms, by events.
  profile: () => NOBODY,
  directory: () => NOBODY,
  // Ours are told of by a record each, and nobody else reads it.
  'room-entered': () => NOBODY,
  'room-deleted': ({ roomId }) => ({ roomId }),
  'history-purged': () => NOBODY,
  'device-keys': ({ userId }) => ({ userId }),
};

export const concernOf = (record: LogRecord): Concern =>
  (CONCERNS[record.kind] as (record: LogRecord) => Concern)(record);
