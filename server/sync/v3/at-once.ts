import type { PlacedRecord } from '../../log/change.ts';
import type { RoomId, UserId } from '../../protocol/identifiers.ts';
import type { Ruleset } from '../../protocol/push-rules/rules.ts';
import type { RoomMembership } from '../../rooms/membership/membership.ts';
import type { Room } from '../../rooms/room.ts';
import { type RoomEvent, textLengthOf } from '../../rooms/room-event.ts';
import { renderSeen } from '../../rooms/seen-event.ts';
import type { ActiveUser } from '../active/active-user.ts';
import type { Device, KeyCounts } from '../active/device.ts';
import { presenceNear } from '../engine/presence-near.ts';
import { isCheap } from '../unread/push-judge.ts';
import type { JoinedRoom, RoomForm, RoomSections } from './answer-text.ts';
import type { BuildPorts, BuiltAnswer } from './build-ports.ts';
import { LIMIT_DEFAULT } from './room/timeline.ts';
import { type SinceToken, writeSince } from './since.ts';
import type { SyncRequest } from './sync-request.ts';

/** What an answer is made of that is made without a wait. */
interface AtHand<InForm> {
  readonly ports: BuildPorts;
  readonly request: SyncRequest;
  readonly form: RoomForm<InForm>;
  readonly prevBatch: (position: number) => string;
  readonly told: SinceToken;
  readonly upTo: number;
  readonly user: ActiveUser;
  readonly device: Device;
  readonly memberships: ReadonlyMap<RoomId, RoomMembership>;
}

/**
 * The answer to nearly every request, without a wait: that there is nothing new, or a few messages in rooms where the
 * reader has been all the time, all of it known from memory. It is word for word what `SyncBuild.answer` makes, where
 * thirty functions wait for each other, and a message is told to many. Undefined where anything else may have happened, or
 * has to be looked up, or it is so much that others should have their turn meanwhile.
 */
export function answerAtOnce<InForm>(
  ports: BuildPorts,
  request: SyncRequest,
  told: SinceToken,
  make: Pick<AtHand<InForm>, 'form' | 'prevBatch'>,
): BuiltAnswer<InForm> | undefined {
  const upTo = ports.log.committed.position;
  const user = ports.active.find(request.userId);
  const records = user?.changesAfter(told.position);
  if (!user || !records || isMoreAsked(request)) return undefined;
  if (!records.every((each) => isMessage(each, upTo))) return undefined;
  const memberships = ports.rooms.knownRoomsOf(request.userId);
  const device = user.device(request.deviceId);
  const keyCounts = device.keyCounts.known;
  if (!memberships || !keyCounts || !isQuiet(ports, { user, told, memberships })) return undefined;

  const hand = { ports, request, ...make, told, upTo, user, device, memberships };
  device.resumesFrom(told.position);
  const rooms = records.length === 0 ? NO_ROOMS : joinedRooms(hand, records);
  if (!rooms) return undefined;
  user.usedAtMs = ports.now();
  ports.toDevice.arrived(user, request.deviceId, told.toDevice);
  return built(hand, rooms as RoomSections<InForm>, keyCounts);
}

/** What few clients ask for. */
const isMoreAsked = ({ fullState, filter, timelineBytesMax }: SyncRequest): boolean =>
  fullState || filter.federationFormat || timelineBytesMax !== undefined;

const isMessage = ({ position, record }: PlacedRecord, upTo: number): boolean =>
  record.kind === 'event' && position <= upTo;

/** Nothing of what is not in the log has changed, nor who follows whose keys; and no mail was left for the next answer. */
function isQuiet(
  { presence, deviceLists }: BuildPorts,
  { user, told, memberships }: Pick<AtHand<unknown>, 'user' | 'told' | 'memberships'>,
): boolean {
  return (
    told.toDevice >= told.position &&
    told.ephemeral !== undefined &&
    user.typing.after(told.ephemeral).length === 0 &&
    deviceLists.hasNoneBehind(told.position) &&
    presenceNear(presence, { user, memberships, told, mayHaveJoined: false }).size === 0
  );
}

/** Not to be changed: most requests find nothing. */
const NO_ROOMS: RoomSections<never> = {
  join: new Map<RoomId, never>(),
  leave: new Map<RoomId, never>(),
  invite: new Map<RoomId, never>(),
  knock: new Map<RoomId, never>(),
};

function built<InForm>(
  { ports, upTo, user }: AtHand<InForm>,
  rooms: RoomSections<InForm>,
  keyCounts: KeyCounts,
): BuiltAnswer<InForm> {
  const next: SinceToken = {
    kind: 'token',
    position: upTo,
    toDevice: upTo,
    ephemeral: ports.ephemeral.value,
    typingShown: ports.typing.isAnybodyTypingIn(user.rooms),
  };
  const answer = {
    nextBatch: writeSince(next, ports.log.epoch),
    rooms,
    presence: NOTHING,
    accountData: NOTHING,
    toDevice: NOTHING,
    deviceLists: NO_LISTS,
    keyCounts,
  };
  return { answer, hasNews: rooms.join.size > 0, user, next };
}

const NOTHING: readonly string[] = [];
const NO_LISTS = { changed: [], left: [] };

function joinedRooms<InForm>(
  hand: AtHand<InForm>,
  records: readonly PlacedRecord[],
): RoomSections<InForm> | undefined {
  const rules = hand.user.settings.knownPushRules;
  const roomIds = new Set(records.flatMap(({ record }) => roomOf(record)));
  if (!rules || roomIds.size > (isCheap(rules) ? ROOMS_MAX : 1)) return undefined;
  const join = new Map<RoomId, InForm>();
  let left = TEXT_LENGTH_MAX;
  for (const roomId of roomIds) {
    const room = joinedRoom(hand, { roomId, rules, lengthMax: left });
    if (!room) return undefined;
    for (const text of room.timeline.events) left -= text.length;
    join.set(roomId, hand.form.joined(room));
  }
  return { ...NO_ROOMS, join };
}

const roomOf = (record: PlacedRecord['record']): RoomId[] =>
  record.kind === 'event' ? [record.roomId] : [];

/** Between more, and with more to be written, others have their turn. */
const ROOMS_MAX = 4;
/** Of events; one may have as much. */
const TEXT_LENGTH_MAX = 65_536;

interface Wanted {
  readonly roomId: RoomId;
  readonly rules: Ruleset;
  /** Of all that is told of it. */
  readonly lengthMax: number;
}

function joinedRoom<InForm>(
  hand: AtHand<InForm>,
  { roomId, rules, lengthMax }: Wanted,
): JoinedRoom | undefined {
  const { ports, told, upTo, memberships, user, request } = hand;
  const membership = memberships.get(roomId);
  const isOld = membership?.membership === 'join' && membership.since <= told.position;
  const room = isOld ? ports.rooms.known(roomId) : undefined;
  const events = room?.toldToAll({ after: told.position, upTo });
  const ignored = user.settings.knownIgnored;
  if (!room || !events || events.length === 0 || !ignored) return undefined;
  if (events.reduce((sum, event) => sum + textLengthOf(event), 0) > lengthMax) return undefined;
  if (!isWholeTimeline(hand, roomId, events) || events.some(({ sender }) => ignored.has(sender)))
    return undefined;
  if (!knowsSenders(hand, room, events)) return undefined;
  const unread = ports.unread.atOnce(user, {
    userId: request.userId,
    room,
    joinedAt: membership!.since,
    upTo,
    threadsApart: request.filter.room.timeline.unreadThreadNotifications,
    ignored,
    rules,
  });
  return unread && { ...NO_CHANGES, ...sections(hand, events), unread };
}

const NO_CHANGES = { summary: undefined, ephemeral: NOTHING, accountData: NOTHING };

/** The reader's filter lets all of these through. */
function isWholeTimeline<InForm>(
  { request }: AtHand<InForm>,
  roomId: RoomId,
  events: readonly RoomEvent[],
): boolean {
  const { admitsRoom, timeline } = request.filter.room;
  const { admitsNothing, limit = LIMIT_DEFAULT, relatedBy } = timeline;
  return (
    !admitsNothing &&
    events.length <= limit &&
    relatedBy === undefined &&
    admitsRoom(roomId) &&
    timeline.admitsRoom(roomId) &&
    events.every((event) => timeline.admits(event))
  );
}

/** A client that loads members lazily has been sent all that it needs; others need none. */
function knowsSenders<InForm>(
  { request, device, upTo }: AtHand<InForm>,
  { roomId }: Room,
  events: readonly RoomEvent[],
): boolean {
  const { state } = request.filter.room;
  if (state.admitsNothing || !state.admitsRoom(roomId) || !state.lazyLoadMembers) return true;
  const isKnown = ({ sender }: RoomEvent) => device.knowsMember(roomId, sender);
  if (state.includeRedundantMembers || !events.every(isKnown)) return false;
  device.membersSent(roomId, NOBODY, upTo);
  return true;
}

const NOBODY: readonly UserId[] = [];

function sections<InForm>(
  { request, prevBatch, ports }: AtHand<InForm>,
  events: readonly RoomEvent[],
): Pick<JoinedRoom, 'state' | 'timeline'> {
  const { userId, deviceId, stateKey } = request;
  const to = { userId, deviceId, now: ports.now() };
  return {
    state: { key: stateKey, events: NOTHING },
    timeline: {
      limited: false,
      prevBatch: prevBatch(events[0]!.position - 1),
      events: events.map((event) => renderSeen({ event, membership: 'join' }, to)),
    },
  };
}
