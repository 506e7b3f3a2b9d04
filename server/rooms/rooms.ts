import type { EventId, RoomAlias, RoomId, ServerName, UserId } from '../protocol/identifiers.ts';
import type { NewRoom } from './create/new-room.ts';
import type { Upgrade } from './create/upgrade.ts';
import type { NetworkListing } from './directory/publish.ts';
import type { Draft, Origin } from './draft.ts';
import type { MembershipChange, RoomMembership } from './membership/membership.ts';
import type { CommittedEvent } from './memory/just-committed.ts';
import type { Preloading, Room } from './room.ts';
import type { RoomForServer } from './serve/room-for-server.ts';
import type { RoomSummary } from './summary/room-summary.ts';

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
  /** Takes a room away, whoever is in it, by one change of a few rows; the rest of its rows is left behind (`storage/rooms/room-pieces.ts`). False where there is none. */
  delete(roomId: RoomId): Promise<boolean>;
  /** Who was in a room when it was deleted. */
  membersOfDeleted(roomId: RoomId): Promise<readonly UserId[]>;
  forget(roomId: RoomId, userId: UserId, origin: Origin<RoomId>): Promise<void>;
  /** Repeats the new profile in the user's membership event of every room that they are in. */
  spreadProfile(userId: UserId): Promise<void>;

  /**
   * A room as it was committed. Ask again for every request and do not keep it: a room that went
   * out of memory is no longer brought up to date.
   */
  open(roomId: RoomId): Promise<Room | undefined>;
  /** The same; undefined where it has to be read. */
  known(roomId: RoomId): Room | undefined;
  /** Resolves when all members of a room are here that was joined without them; throws M_LIMIT_EXCEEDED where that takes too long. */
  whenWhole(roomId: RoomId, userId: UserId, signal?: AbortSignal): Promise<void>;
  /**
   * Several rooms, in as few queries as one takes, with what will be asked of them: a hundred or so
   * at once, or what was read for the first is out of memory when the last is looked at.
   */
  openAll(roomIds: readonly RoomId[], preloading?: Preloading): Promise<Map<RoomId, Room>>;
  /** The same as another server may look into it; refused to those that never had part in it, or have no more by its ACL. */
  openForServer(roomId: RoomId, server: ServerName): Promise<RoomForServer>;
  /** The nearest to being in the room that any user of the server is. */
  membershipOfServer(roomId: RoomId, server: ServerName): Promise<'join' | 'invite' | undefined>;
  /** Where an event stands, whoever may see it; undefined where there is none. */
  roomOfEvent(eventId: EventId): Promise<RoomId | undefined>;
  /** Of events of a room, by number, those of which other servers are told only that they were: by whom was erased, or whose time is over. */
  noLongerTold(roomId: RoomId, nids: readonly number[]): Promise<ReadonlySet<number>>;
  /** By room. Kept in memory for users who are active. */
  roomsOf(userId: UserId): Promise<ReadonlyMap<RoomId, RoomMembership>>;
  /** The same; undefined where they have to be read. */
  knownRoomsOf(userId: UserId): ReadonlyMap<RoomId, RoomMembership> | undefined;
  /** The last timeline position of a room that `roomsOf` named or `open` gave, without loading it. */
  lastPosition(roomId: RoomId): number | undefined;

  /**
   * The event of a timeline that the log tells of at this position, as it was built here. To be asked in that turn, by who
   * listens to the log behind the engine.
   */
  justCommitted(position: number): CommittedEvent | undefined;

  /** How often what is shown of any event has changed, or may have, also by earlier history, of which no record tells. */
  shownChanges(): number;

  /** What is told of rooms to those who are not in them, without loading the rooms. */
  summaries(roomIds: readonly RoomId[]): Promise<Map<RoomId, RoomSummary>>;

  /** Puts the room into the published directory, or takes it out. */
  publish(
    wish: { roomId: RoomId; userId: UserId; published: boolean },
    origin: Origin<RoomId>,
  ): Promise<void>;
  /** The same in the directory of a network of an application service. */
  publishInNetwork(listing: NetworkListing, origin: Origin<RoomId>): Promise<void>;
  /** Undefined for a room that is not there. */
  isPublished(roomId: RoomId): Promise<boolean | undefined>;

  /** Lets nobody into a room any more, on behalf of an administrator; or everybody again, where there is none. Also of a room that is not here. */
  block(roomId: RoomId, by: UserId | undefined, origin: Origin<RoomId>): Promise<void>;
  blockedBy(roomId: RoomId): Promise<UserId | undefined>;

  /** That of another server is asked for there. */
  resolveAlias(
    alias: RoomAlias,
  ): Promise<{ roomId: RoomId; servers: readonly ServerName[] } | undefined>;
  addAlias(
    alias: RoomAlias,
    roomId: RoomId,
    creator: UserId,
    origin: Origin<RoomAlias>,
  ): Promise<void>;
  removeAlias(alias: RoomAlias, userId: UserId, origin: Origin<RoomAlias>): Promise<void>;
  aliasesOf(roomId: RoomId): Promise<RoomAlias[]>;
}
