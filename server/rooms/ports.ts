import type { Row } from '../log/change.ts';
import type { Log } from '../log/log.ts';
import type { EventId, RoomAlias, RoomId, ServerName, UserId } from '../protocol/identifiers.ts';
import type { JsonObject } from '../protocol/json.ts';
import type { SigningKey } from '../protocol/signatures.ts';

/** What the room engine needs of the rest of the server. */
export interface RoomPorts {
  readonly log: Log;
  readonly store: RoomStore;
  readonly identity: { readonly serverName: ServerName; readonly key: SigningKey };
  /** Empty for those who have none. */
  readonly profileOf: (userId: UserId) => Promise<JsonObject>;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly defaultRoomVersion: string;
  /** Of heap, for all that the engine keeps in memory. */
  readonly memoryBytesMax: number;
  /** Of events' JSON in one answer; 128 MiB unless told. */
  readonly answerBytesMax?: number | undefined;
}

/** Reads show what is committed. Rows go into a change. */
export interface RoomStore {
  roomsById(roomIds: readonly RoomId[]): Promise<readonly StoredRoom[]>;
  currentStates(roomNids: readonly number[]): Promise<readonly StateEntry[]>;
  stateWithBases(stateNid: number): Promise<readonly StateRow[]>;
  /** In (after, upTo], in order. */
  stateChanges(range: LogRange): Promise<readonly StateChange[]>;
  stateKeysByName(
    keys: readonly { type: string; stateKey: string }[],
  ): Promise<readonly StateKey[]>;
  stateKeysByNid(keyNids: readonly number[]): Promise<readonly StateKey[]>;

  eventsByNid(nids: readonly number[]): Promise<readonly StoredEvent[]>;
  eventById(eventId: EventId): Promise<StoredEvent | undefined>;
  eventsById(eventIds: readonly EventId[]): Promise<readonly StoredEvent[]>;
  /** The newest in (after, upTo], newest first. */
  newestOfTimeline(range: LogRange & { limit: number }): Promise<readonly StoredEvent[]>;
  /** The newest of the timeline of each room up to this position, newest first. */
  newestOfTimelines(range: {
    roomNids: readonly number[];
    upTo: number;
    limit: number;
  }): Promise<readonly StoredEvent[]>;
  pageOfRoom(query: PageQuery): Promise<readonly StoredEvent[]>;
  /** The place of the last event of the timeline up to this position of the log. */
  placeAt(roomNid: number, position: number): Promise<Place | undefined>;

  membershipsOf(userId: UserId): Promise<readonly StoredMembership[]>;
  membershipHistory(
    userId: UserId,
    roomNid: number,
  ): Promise<readonly { position: number; eventNid: number; membership: string }[]>;

  roomAlias(alias: RoomAlias): Promise<{ roomId: RoomId; creator: UserId } | undefined>;
  aliasesOfRoom(roomNid: number): Promise<RoomAlias[]>;

  readonly rows: RoomRows;
}

export interface RoomRows {
  room(room: { nid: number; roomId: RoomId; version: string; published: boolean }): Row;
  roomHead(head: {
    roomNid: number;
    forwardExtremities: readonly number[];
    stateNid: number;
    lastPosition: number;
  }): Row;
  event(event: NewEvent): Row;
  redaction(redaction: { targetNid: number; eventNid: number }): Row;
  stateKey(key: StateKey): Row;
  state(state: {
    nid: number;
    roomNid: number;
    baseNid: number | undefined;
    entries: Buffer;
    hash: Buffer;
  }): Row;
  currentState(entry: {
    roomNid: number;
    keyNid: number;
    eventNid: number;
    membership: string | undefined;
  }): Row;
  stateChange(change: {
    roomNid: number;
    position: number;
    keyNid: number;
    eventNid: number | undefined;
    replacedNid: number | undefined;
  }): Row;
  /** Without `since` the stored one stays: the kind of membership is the same. */
  membership(entry: {
    userId: UserId;
    roomNid: number;
    membership: string;
    position: number;
    since: number | undefined;
    forgotten: boolean;
  }): Row;
  membershipHistory(entry: {
    userId: UserId;
    roomNid: number;
    position: number;
    eventNid: number;
    membership: string;
  }): Row;
  roomAlias(entry: { alias: RoomAlias; roomNid: number; creator: UserId }): Row;
  noRoomAlias(alias: RoomAlias): Row;
}

/** An event's place in its room's own order. */
export interface Place {
  readonly depth: number;
  readonly nid: number;
}

export interface LogRange {
  readonly roomNid: number;
  readonly after: number;
  readonly upTo: number;
}

export interface StoredRoom {
  readonly nid: number;
  readonly roomId: RoomId;
  readonly version: string;
  readonly forwardExtremities: readonly number[];
  readonly stateNid: number;
  readonly lastPosition: number;
}

export interface StateKey {
  readonly keyNid: number;
  readonly type: string;
  readonly stateKey: string;
}

export interface StateEntry extends StateKey {
  readonly roomNid: number;
  readonly eventNid: number;
  /** Of m.room.member. */
  readonly membership: string | null;
}

export interface StateRow {
  readonly nid: number;
  readonly baseNid: number | null;
  readonly entries: Buffer;
  readonly hash: Buffer;
}

/** `eventNid` is null where the key is gone, `replacedNid` where it was not there. */
export interface StateChange {
  readonly position: number;
  readonly keyNid: number;
  readonly eventNid: number | null;
  readonly replacedNid: number | null;
}

export interface StoredMembership {
  readonly roomId: RoomId;
  readonly membership: string;
  readonly position: number;
  readonly since: number;
  readonly forgotten: boolean;
  readonly roomLastPosition: number;
}

export interface StoredEvent {
  readonly nid: number;
  readonly roomNid: number;
  readonly roomId: RoomId;
  readonly eventId: EventId;
  readonly depth: number;
  readonly stateBefore: number | null;
  readonly stateAfter: number | null;
  readonly inTimeline: boolean;
  readonly rejected: boolean;
  readonly deviceId: string | null;
  readonly txnId: string | null;
  readonly json: string;
  readonly replacesNid: number | null;
  readonly replacesId: EventId | null;
  readonly replacesJson: string | null;
  readonly replacesRedacted: boolean;
  readonly redactionId: EventId | null;
  readonly redactionJson: string | null;
}

export interface NewEvent extends Place {
  readonly roomNid: number;
  readonly eventId: EventId;
  readonly originServerTs: number;
  readonly stateBefore: number;
  readonly stateAfter: number;
  readonly replacesNid: number | undefined;
  readonly type: string;
  readonly stateKey: string | undefined;
  readonly sender: UserId;
  readonly deviceId: string | undefined;
  readonly txnId: string | undefined;
  readonly json: string;
}

export interface PageQuery {
  readonly roomNid: number;
  /** Exclusive. */
  readonly from: Place;
  readonly direction: 'b' | 'f';
  readonly limit: number;
  /** Null for no restriction. `*` stands for any characters. */
  readonly types: readonly string[] | null;
  readonly senders: readonly string[] | null;
}
