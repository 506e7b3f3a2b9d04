import { Lru } from '../log/lru.ts';
import type { EventId, RoomAlias, RoomId, ServerName, UserId } from '../protocol/identifiers.ts';
import { parsedIn, parseEventId, parseRoomAlias, serverNameOf } from '../protocol/identifiers.ts';
import { badJson, invalidParam, MatrixError } from '../protocol/matrix-error.ts';
import { Aliases } from './aliases.ts';
import { listenToLog } from './commit-listener.ts';
import { createRoom } from './create/create-room.ts';
import { creationTimes } from './create/creation-time.ts';
import type { NewRoom } from './create/new-room.ts';
import type { Upgrade } from './create/upgrade.ts';
import { upgradeRoom } from './create/upgrade-room.ts';
import { deleteRoom } from './delete-room.ts';
import { type NetworkListing, publish, publishInNetwork } from './directory/publish.ts';
import type { Draft, Origin } from './draft.ts';
import { AliasesElsewhere } from './elsewhere/aliases-elsewhere.ts';
import { BecomingWhole } from './elsewhere/becoming-whole.ts';
import { Invitations } from './elsewhere/invitations.ts';
import { inviteOthers, refuseManyOthers } from './elsewhere/invite-others.ts';
import { onceWhole } from './elsewhere/once-whole.ts';
import { PartialRooms } from './elsewhere/partial-rooms.ts';
import { Passages } from './elsewhere/passages.ts';
import { asMembershipChange, isMemberState } from './membership/as-membership-change.ts';
import { BlockedRooms } from './membership/blocked-rooms.ts';
import { changeMembership } from './membership/change-membership.ts';
import { forgetRoom } from './membership/forget.ts';
import type { MembershipChange, RoomMembership } from './membership/membership.ts';
import { spreadProfile } from './membership/spread-profile.ts';
import type { HotRoom } from './memory/hot-room.ts';
import { JustCommitted } from './memory/just-committed.ts';
import { memoryShares } from './memory/memory-bytes.ts';
import { RoomMemory } from './memory/room-memory.ts';
import { StateKeys } from './memory/state-keys.ts';
import { UserRooms } from './memory/user-rooms.ts';
import { PolicyServers } from './policy/policy-servers.ts';
import type { ErasedUsers, RoomPorts } from './ports.ts';
import { ANSWER_BYTES_MAX, EventCache } from './read/event-cache.ts';
import { openAll } from './read/open-all.ts';
import { RoomReads } from './read/room-reads.ts';
import { RoomView } from './read/room-view.ts';
import { EarlierHistory } from './receive/earlier-history.ts';
import { HeldLoads } from './receive/held-loads.ts';
import { Receiving } from './receive/receiving.ts';
import type { RoomReceiver } from './receive/room-receiver.ts';
import { refuseRelation } from './relations/refuse-relation.ts';
import type { Preloading, Room } from './room.ts';
import type { Rooms } from './rooms.ts';
import { Handshake } from './serve/handshake.ts';
import { noLongerTold } from './serve/no-longer-told.ts';
import { openForServer, type RoomForServer } from './serve/room-for-server.ts';
import { membershipOfServer } from './serve/server-standing.ts';
import { Submissions } from './serve/submissions.ts';
import { Resolutions } from './state/resolutions.ts';
import { Resolver } from './state/resolving/resolver.ts';
import type { RoomSummary } from './summary/room-summary.ts';
import { summariesOf } from './summary/summaries.ts';
import type { Building } from './write/building.ts';
import { prepareRedaction } from './write/redaction.ts';
import { sendEvent } from './write/send-event.ts';
import { refuseIllNamed } from './write/well-named-state.ts';

const THREAD_ROOTS_MAX = 10_000;

const NOBODY_ERASED: ErasedUsers = {
  of: async () => new Map(),
  first: async () => Number.POSITIVE_INFINITY,
};

/** The room engine of this server. It listens to the log, so it is made once, before /sync is. */
export class RoomEngine implements Rooms {
  /** With servers whose users come in, knock or leave. */
  readonly handshake: Handshake;
  /** Takes in what other servers send. */
  readonly receiver: RoomReceiver;
  readonly submissions: Submissions;
  /** Of our users, by other servers. */
  readonly invitations: Invitations;
  readonly #building: Building;
  readonly #reads: RoomReads;
  readonly #aliases: Aliases;
  readonly #aliasesElsewhere: AliasesElsewhere | undefined;
  readonly #receiving: Receiving;
  readonly #resolver = new Resolver();
  readonly #earlier: EarlierHistory;
  readonly #becomingWhole: BecomingWhole;
  readonly #justCommitted = new JustCommitted();
  readonly #threadRoots = new Lru<EventId, true>(THREAD_ROOTS_MAX);

  constructor(ports: RoomPorts) {
    const { store } = ports;
    const bytesMax = memoryShares(ports.memoryBytesMax);
    const keys = new StateKeys(store);
    const userRooms = new UserRooms(store, bytesMax.users);
    const events = new EventCache(store, {
      bytesMax: bytesMax.events,
      answerBytesMax: ports.answerBytesMax ?? ANSWER_BYTES_MAX,
    });
    const rooms = new RoomMemory({ store, keys }, bytesMax.rooms);
    this.#building = {
      ...{ ports, rooms, keys, userRooms, creationTime: creationTimes(ports.now) },
      blocked: new BlockedRooms(ports),
      ...{ passages: new Passages(), partialRooms: new PartialRooms(ports.elsewhere?.joinWaitsMs) },
      ...{ policyServers: new PolicyServers(ports.now), heldLoads: new HeldLoads(store) },
      ...{ resolver: this.#resolver, resolutions: new Resolutions() },
    };
    this.#reads = new RoomReads({
      store,
      keys,
      events,
      userRooms,
      erased: ports.erased ?? NOBODY_ERASED,
      ignoredBy: ports.ignoredBy ?? (async () => new Set()),
      ...{ retention: ports.retention, now: ports.now },
      stateBytesMax: bytesMax.states,
    });
    this.#receiving = new Receiving(this.#building, this.#reads);
    this.receiver = this.#receiving;
    this.#earlier = new EarlierHistory(this.#building, this.#reads, this.#receiving);
    this.handshake = new Handshake(this.#building, this.#reads);
    this.submissions = new Submissions(this.#building, this.#reads, this.receiver);
    this.invitations = new Invitations(this.#building, this.receiver);
    this.#becomingWhole = new BecomingWhole(this.#building, this.#receiving);
    this.#aliases = new Aliases(this.#building);
    const { elsewhere, identity } = ports;
    this.#aliasesElsewhere = elsewhere && new AliasesElsewhere(elsewhere.servers);
    const { serverName: own } = identity;
    const justCommitted = this.#justCommitted;
    listenToLog(ports.log, { own, rooms, keys, userRooms, events, justCommitted });
  }

  /** Rooms in memory, and the bytes of heap that they are counted for. */
  get memory(): { readonly rooms: number; readonly bytes: number } {
    const { count, bytes } = this.#building.rooms;
    return { rooms: count, bytes };
  }

  /** By the writer, behind its takeover. */
  begin(): Promise<void> {
    return this.#becomingWhole.begin();
  }

  /** What goes on in threads of its own ends, and what is fetched. */
  close(): void {
    this.#becomingWhole.close();
    this.#receiving.close();
    this.#resolver.close();
  }

  async create(creator: UserId, room: NewRoom, origin: Origin<RoomId>): Promise<RoomId> {
    const alias = this.#aliasOf(room);
    const [own, others] = this.#invitedHere(room);
    refuseManyOthers(others);
    const create = () => createRoom(this.#building, { creator, room: own, alias, origin });
    const taken = new MatrixError(400, 'M_ROOM_IN_USE', `${alias} is taken`);
    const roomId = await (alias ? this.#aliases.holding(alias, taken, create) : create());
    await inviteOthers(this.#building, roomId, { creator, room, others });
    return roomId;
  }

  async upgrade(roomId: RoomId, upgrade: Upgrade, origin: Origin<RoomId>): Promise<RoomId> {
    await onceWhole(this.#building, roomId, upgrade);
    return upgradeRoom(this.#building, roomId, upgrade, origin);
  }

  async send(roomId: RoomId, draft: Draft, origin: Origin<EventId>): Promise<EventId> {
    refuseIllNamed(draft);
    if (isMemberState(draft))
      return this.changeMembership(roomId, asMembershipChange(draft), origin);
    const { store } = this.#building.ports;
    return sendEvent(this.#building, roomId, origin, async (room) => {
      if (draft.type !== 'm.room.redaction' || draft.stateKey !== undefined) {
        const sources = { store, threadRoots: this.#threadRoots };
        const refuseRepeat = await refuseRelation(sources, room, draft);
        return { draft, check: () => void refuseRepeat?.() };
      }
      const redacts = draft.redacts ?? draft.content.redacts;
      const target = parsedIn(redacts, parseEventId);
      if (!target) throw badJson('A redaction says in `redacts` which event it redacts');
      return prepareRedaction(store, room, { ...draft, redacts: target });
    });
  }

  changeMembership(
    roomId: RoomId,
    change: MembershipChange,
    origin: Origin<EventId>,
  ): Promise<EventId> {
    return changeMembership({ ...this.#building, receiver: this.receiver }, roomId, change, origin);
  }

  delete(roomId: RoomId): Promise<boolean> {
    return deleteRoom(this.#building, roomId);
  }

  membersOfDeleted(roomId: RoomId): Promise<readonly UserId[]> {
    return this.#building.ports.store.membersOfDeleted(roomId);
  }

  forget(roomId: RoomId, userId: UserId, origin: Origin<RoomId>): Promise<void> {
    return forgetRoom(this.#building, roomId, userId, origin);
  }

  spreadProfile(userId: UserId): Promise<void> {
    return spreadProfile(this.#building, userId);
  }

  async open(roomId: RoomId): Promise<Room | undefined> {
    return this.#viewOf(await this.#building.rooms.get(roomId));
  }

  known(roomId: RoomId): Room | undefined {
    return this.#viewOf(this.#building.rooms.known(roomId));
  }

  #viewOf(room: HotRoom | undefined): Room | undefined {
    return room?.isCommitted ? new RoomView(room, this.#reads, this.#earlier) : undefined;
  }

  whenWhole(roomId: RoomId, userId: UserId, signal?: AbortSignal): Promise<void> {
    return onceWhole(this.#building, roomId, { userId, signal });
  }

  openAll(roomIds: readonly RoomId[], preloading: Preloading = {}): Promise<Map<RoomId, Room>> {
    const parts = { rooms: this.#building.rooms, reads: this.#reads };
    return openAll(parts, roomIds, preloading);
  }

  async openForServer(roomId: RoomId, server: ServerName): Promise<RoomForServer> {
    return openForServer(await this.#building.rooms.get(roomId), this.#reads, server);
  }

  async membershipOfServer(roomId: RoomId, server: ServerName) {
    const room = await this.#building.rooms.get(roomId);
    return room?.isCommitted ? membershipOfServer(room, this.#building.keys, server) : undefined;
  }

  async roomOfEvent(eventId: EventId): Promise<RoomId | undefined> {
    return (await this.#building.ports.store.eventById(eventId))?.roomId;
  }

  /** Of one that is gone, all. */
  async noLongerTold(roomId: RoomId, nids: readonly number[]): Promise<ReadonlySet<number>> {
    const room = await this.#building.rooms.get(roomId);
    return room?.isCommitted ? noLongerTold(room, this.#reads, nids) : new Set(nids);
  }

  roomsOf(userId: UserId): Promise<ReadonlyMap<RoomId, RoomMembership>> {
    return this.#building.userRooms.of(userId);
  }

  knownRoomsOf(userId: UserId): ReadonlyMap<RoomId, RoomMembership> | undefined {
    return this.#building.userRooms.known(userId);
  }

  lastPosition(roomId: RoomId): number | undefined {
    return this.#building.userRooms.lastPosition(roomId);
  }

  justCommitted(position: number) {
    return this.#justCommitted.at(position);
  }

  shownChanges(): number {
    return this.#reads.events.changes;
  }

  summaries(roomIds: readonly RoomId[]): Promise<Map<RoomId, RoomSummary>> {
    return summariesOf({ rooms: this.#building.rooms, reads: this.#reads }, roomIds);
  }

  publish(
    wish: { roomId: RoomId; userId: UserId; published: boolean },
    origin: Origin<RoomId>,
  ): Promise<void> {
    return publish(this.#building, wish, origin);
  }

  publishInNetwork(listing: NetworkListing, origin: Origin<RoomId>): Promise<void> {
    return publishInNetwork(this.#building, listing, origin);
  }

  isPublished(roomId: RoomId): Promise<boolean | undefined> {
    return this.#building.ports.store.isRoomPublished(roomId);
  }

  block(roomId: RoomId, by: UserId | undefined, origin: Origin<RoomId>): Promise<void> {
    return this.#building.blocked.set(roomId, by, origin);
  }

  blockedBy(roomId: RoomId): Promise<UserId | undefined> {
    return this.#building.blocked.by(roomId);
  }

  async resolveAlias(alias: RoomAlias) {
    const { identity } = this.#building.ports;
    const isOurs = serverNameOf(alias) === identity.serverName;
    if (!isOurs && this.#aliasesElsewhere) return this.#aliasesElsewhere.resolve(alias);
    const found = await this.#aliases.resolve(alias);
    return found && { roomId: found.roomId, servers: [identity.serverName] };
  }

  addAlias(alias: RoomAlias, roomId: RoomId, creator: UserId, origin: Origin<RoomAlias>) {
    return this.#aliases.add(alias, roomId, creator, origin);
  }

  removeAlias(alias: RoomAlias, userId: UserId, origin: Origin<RoomAlias>) {
    return this.#aliases.remove(alias, userId, origin);
  }

  async aliasesOf(roomId: RoomId): Promise<RoomAlias[]> {
    const room = await this.#building.rooms.get(roomId);
    return room ? this.#building.ports.store.aliasesOfRoom(room.nid) : [];
  }

  /** Users of other servers are invited when the room is there: their servers have a say in it. */
  #invitedHere(room: NewRoom): [NewRoom, readonly UserId[]] {
    const { elsewhere, identity } = this.#building.ports;
    const isOurs = (userId: UserId) => serverNameOf(userId) === identity.serverName;
    const others = elsewhere ? (room.invite ?? []).filter((each) => !isOurs(each)) : [];
    if (others.length === 0) return [room, []];
    return [{ ...room, invite: room.invite!.filter(isOurs) }, others];
  }

  #aliasOf({ room_alias_name }: NewRoom): RoomAlias | undefined {
    if (room_alias_name === undefined) return undefined;
    const alias = `#${room_alias_name}:${this.#building.ports.identity.serverName}`;
    const parsed = parseRoomAlias(alias);
    if (parsed.ok && !/[\s:]/.test(room_alias_name)) return parsed.value;
    throw invalidParam('room_alias_name is the part of an alias before its colon');
  }
}
