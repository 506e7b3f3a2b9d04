import type { OutcomeRow } from '../log/outcomes.ts';
import type { EventId, RoomAlias, RoomId, ServerName, UserId } from '../protocol/identifiers.ts';
import type { JsonObject } from '../protocol/json.ts';
import type { NewRoom } from './create/new-room.ts';
import type { Upgrade } from './create/upgrade-room.ts';
import type { Preloading } from './read/open-all.ts';
import type { Page, PageRequest } from './read/page.ts';
import type { RoomEvent } from './room-event.ts';
import type { Place } from './store.ts';

/** An event as its sender wishes it. Everything else is the engine's to fill in. */
export interface Draft {
  readonly sender: UserId;
  readonly type: string;
  /** Present on state events only; '' is a state key like any other. */
  readonly stateKey?: string | undefined;
  readonly content: JsonObject;
  /** Of a redaction; the engine places it by room version. */
  readonly redacts?: EventId | undefined;
  /** Milliseconds since 1970, where an application service says so; else now. */
  readonly originServerTs?: number | undefined;
}

/** Which request a change comes from: what makes its repeat harmless, and its echo recognizable. */
export interface Origin<Result> {
  readonly deviceId?: string | undefined;
  readonly txnId?: string | undefined;
  /** Called with the result when the change is built; the row is committed with it (D6). */
  outcome?(result: Result): OutcomeRow | undefined;
}

export type Membership = 'join' | 'invite' | 'knock' | 'leave' | 'ban';

export interface MembershipChange {
  readonly sender: UserId;
  readonly target: UserId;
  readonly action: 'join' | 'invite' | 'knock' | 'leave' | 'kick' | 'ban' | 'unban';
  readonly reason?: string | undefined;
  /**
   * Further keys of the membership event's content, given by the client. What this server vouches
   * for (`join_authorised_via_users_server`) is taken out.
   */
  readonly content?: JsonObject | undefined;
  /**
   * What the change takes the target's membership for: if it is another by the time the event is
   * built, there is nothing to change any more and no event is made.
   */
  readonly assumes?: Membership | undefined;
}

/** One user's place in one room. Positions are of the log. */
export interface RoomMembership {
  readonly roomId: RoomId;
  readonly membership: Membership;
  /** Where the membership event stands that is current now; a new display name moves it. */
  readonly position: number;
  /** Where this kind of membership began; a new display name does not move it. */
  readonly since: number;
  readonly forgotten: boolean;
}

/**
 * The room engine. Changes resolve when they are committed and confirmed. They reject with a
 * `MatrixError` for what the client did wrong, or with the errors of `log.ts`.
 */
export interface Rooms {
  create(creator: UserId, room: NewRoom, origin: Origin<RoomId>): Promise<RoomId>;
  /** Answers the room that takes its place. */
  upgrade(roomId: RoomId, upgrade: Upgrade, origin: Origin<RoomId>): Promise<RoomId>;
  send(roomId: RoomId, draft: Draft, origin: Origin<EventId>): Promise<EventId>;
  changeMembership(
    roomId: RoomId,
    change: MembershipChange,
    origin: Origin<EventId>,
  ): Promise<EventId>;
  forget(roomId: RoomId, userId: UserId, origin: Origin<RoomId>): Promise<void>;
  /** Repeats the new profile in the user's membership event of every room that they are in. */
  spreadProfile(userId: UserId): Promise<void>;

  /**
   * A room as it was committed. Ask again for every request and do not keep it: a room that went
   * out of memory is no longer brought up to date.
   */
  open(roomId: RoomId): Promise<Room | undefined>;
  /**
   * Several rooms, in as few queries as one takes, with what will be asked of them: a hundred or so
   * at once, or what was read for the first is out of memory when the last is looked at.
   */
  openAll(roomIds: readonly RoomId[], preloading?: Preloading): Promise<Map<RoomId, Room>>;
  /** By room. Kept in memory for users who are active. */
  roomsOf(userId: UserId): Promise<ReadonlyMap<RoomId, RoomMembership>>;
  /** The last timeline position of a room that `roomsOf` named or `open` gave, without loading it. */
  lastPosition(roomId: RoomId): number | undefined;

  resolveAlias(alias: RoomAlias): Promise<{ roomId: RoomId; servers: ServerName[] } | undefined>;
  addAlias(
    alias: RoomAlias,
    roomId: RoomId,
    creator: UserId,
    origin: Origin<RoomAlias>,
  ): Promise<void>;
  removeAlias(alias: RoomAlias, userId: UserId, origin: Origin<RoomAlias>): Promise<void>;
  aliasesOf(roomId: RoomId): Promise<RoomAlias[]>;
}

/** Committed data only. Everything that may read the database is a promise. */
export interface Room {
  readonly nid: number;
  readonly roomId: RoomId;
  readonly version: string;
  /** Position of the last event in the timeline. */
  readonly lastPosition: number;
  readonly joinedCount: number;
  readonly invitedCount: number;

  membershipOf(userId: UserId): Membership | undefined;
  members(membership: Membership): Iterable<UserId>;

  /** The current state event at this key. */
  stateEvent(type: string, stateKey: string): Promise<RoomEvent | undefined>;
  /** The current state, narrowed by key before anything is loaded. */
  state(only?: StateKeyTest): Promise<RoomEvent[]>;
  /** The state as it stood behind this position of the log. */
  stateAt(position: number, only?: StateKeyTest): Promise<RoomEvent[]>;
  /** The same at these keys alone, without going through the rest. */
  stateEventsAt(
    position: number,
    keys: readonly (readonly [type: string, stateKey: string])[],
  ): Promise<RoomEvent[]>;
  /** The state after an event, wherever in the history it stands. */
  stateAfter(event: RoomEvent, only?: StateKeyTest): Promise<RoomEvent[]>;
  /** The same at these keys alone, without reading the rest. */
  stateEventsAfter(
    event: RoomEvent,
    keys: readonly (readonly [type: string, stateKey: string])[],
  ): Promise<RoomEvent[]>;
  /** The newest event of each key whose state changed in (after, upTo]. */
  stateDelta(range: { after: number; upTo: number }, only?: StateKeyTest): Promise<RoomEvent[]>;

  /**
   * The newest `limit` events of the timeline in (after, upTo], in ascending order of position;
   * `limited` if there are more in that range. Not narrowed by visibility: see `visibleTo`.
   */
  timeline(range: { after: number; upTo: number; limit: number }): Promise<Timeline>;

  event(eventId: EventId): Promise<RoomEvent | undefined>;
  /** Of many, those that there are, in one question. */
  events(eventIds: readonly EventId[]): Promise<RoomEvent[]>;
  /** The same events, to be rendered as servers send them to each other. */
  federationForms(events: readonly RoomEvent[]): Promise<RoomEvent[]>;
  /** Those that history visibility lets the user see, with the user's membership at each. */
  visibleTo(userId: UserId, events: readonly RoomEvent[]): Promise<SeenEvent[]>;
  /** Every membership event that the user ever had in the room, in order. */
  membershipHistory(userId: UserId): Promise<readonly PastMembership[]>;
  /** The event that ended the user's last stay in the room; undefined if there was none. */
  departureOf(userId: UserId): Promise<RoomEvent | undefined>;
  /** One page of the room in its own order, already narrowed to what the reader may see. */
  page(request: PageRequest): Promise<Page>;
  /** Just behind the last event of the timeline up to this position of the log. */
  placeAt(position: number): Promise<Place>;
  /** The last event of the room that lies before this place. */
  eventBefore(place: Place): Promise<RoomEvent | undefined>;
  /** The state that someone who is invited or knocks is shown. */
  strippedState(): Promise<RoomEvent[]>;
}

export interface PastMembership {
  readonly position: number;
  readonly membership: string;
}

export type StateKeyTest = (type: string, stateKey: string) => boolean;

export interface Timeline {
  readonly events: RoomEvent[];
  readonly limited: boolean;
}

export interface SeenEvent {
  readonly event: RoomEvent;
  readonly membership: Membership;
}
