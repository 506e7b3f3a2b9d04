import type { EventId, RoomAlias, RoomId, UserId } from '../../protocol/identifiers.ts';
import type { Database } from '../database.ts';
import { passedOnRow } from '../federation/passed-on.ts';
import * as awaited from './awaited-redactions.ts';
import * as blocked from './blocked-rooms.ts';
import * as deleted from './deleted-rooms.ts';
import * as events from './events.ts';
import * as held from './held-pdus.ts';
import * as listed from './listed-rooms.ts';
import * as memberships from './memberships.ts';
import * as outliers from './outliers.ts';
import * as partial from './partial-joins.ts';
import * as places from './places.ts';
import * as relations from './relations.ts';
import * as aliases from './room-aliases.ts';
import * as rooms from './rooms.ts';
import * as state from './state.ts';
import * as stateKeys from './state-keys.ts';
import { type GapsQuery, timelineGapRow, timelineGaps } from './timeline-gaps.ts';
import * as timelines from './timelines.ts';
import * as told from './told-outside.ts';

/** Resolves when all rows of these rooms are there (`RelationFill`). */
export type RelationsReady = (roomNids: readonly number[]) => Promise<void>;

/** All that the room engine reads and writes; `server/rooms/store.ts` names it by type. */
export const roomStore = (database: Database, relationsReady: RelationsReady = async () => {}) => ({
  /** To be brought into memory, which is before anything else of them is read or written. */
  async roomsById(roomIds: readonly RoomId[]) {
    const found = await rooms.roomsById(database, roomIds);
    await relationsReady(found.map(({ nid }) => nid));
    return found;
  },
  listedRooms: (only?: readonly RoomId[]) => listed.listedRooms(database, only),
  isRoomPublished: (roomId: RoomId) => rooms.isRoomPublished(database, roomId),
  summarizedRooms: (roomIds: readonly RoomId[], keyNids: readonly number[]) =>
    rooms.summarizedRooms(database, roomIds, keyNids),
  ...stateReads(database),
  stateKeysByName: (keys: readonly { type: string; stateKey: string }[]) =>
    stateKeys.stateKeysByName(database, keys),
  stateKeysByNid: (keyNids: readonly number[]) => stateKeys.stateKeysByNid(database, keyNids),

  ...eventReads(database),
  toldOutside: (roomNid: number, userId: UserId) => told.toldOutside(database, roomNid, userId),
  ...relationReads(database),
  ...partialReads(database),

  membershipsOf: (userId: UserId) => memberships.membershipsOf(database, userId),
  membershipHistory: (userId: UserId, roomNid: number) =>
    memberships.membershipHistory(database, userId, roomNid),
  lastJoinOf: (userIds: readonly UserId[], roomNid: number) =>
    memberships.lastJoinOf(database, userIds, roomNid),

  membersOfDeleted: (roomId: RoomId) => deleted.membersOfDeleted(database, roomId),

  roomBlockedBy: (roomId: RoomId) => blocked.roomBlockedBy(database, roomId),

  roomAlias: (alias: RoomAlias) => aliases.roomAlias(database, alias),
  aliasesOfRoom: (roomNid: number) => aliases.aliasesOfRoom(database, roomNid),

  rows,
});

const rows = {
  room: rooms.roomRow,
  roomVersion: outliers.roomVersionRow,
  noRoom: deleted.noRoomRow,
  deletedRoom: deleted.deletedRoomRow,
  roomPublished: rooms.roomPublishedRow,
  networkRoom: listed.networkRoomRow,
  roomHead: rooms.roomHeadRow,
  event: events.eventRow,
  placedEvent: events.placedEventRow,
  redaction: events.redactionRow,
  timelineGap: timelineGapRow,
  awaitedRedaction: awaited.awaitedRedactionRow,
  noAwaitedRedaction: awaited.noAwaitedRedactionRow,
  relation: relations.relationRows,
  noRelation: relations.noRelationRow,
  stateKey: stateKeys.stateKeyRow,
  state: state.stateRow,
  currentState: state.currentStateRow,
  noCurrentState: state.noCurrentStateRow,
  stateChange: state.stateChangeRow,
  membership: memberships.membershipRow,
  membershipHistory: memberships.membershipHistoryRow,
  roomAlias: aliases.roomAliasRow,
  roomBlocked: blocked.blockedRoomRow,
  passedOn: passedOnRow,
  roomNotBlocked: blocked.unblockedRoomRow,
  noRoomAlias: aliases.noRoomAliasRow,
  toldOutside: told.toldOutsideRow,
  nothingToldOutside: told.nothingToldOutsideRow,
  partialJoin: partial.partialJoinRow,
  roomWhole: partial.roomWholeRow,
  restated: partial.restatedRows,
  heldPdu: held.heldPduRow,
  noHeldPdu: held.noHeldPduRow,
};

const eventReads = (database: Database) => ({
  eventsByNid: (nids: readonly number[]) => events.eventsByNid(database, nids),
  eventIds: (nids: readonly number[]) => events.eventIds(database, nids),
  eventIdsBeneath: (roomNid: number, of: Parameters<typeof events.eventIdsBeneath>[2]) =>
    events.eventIdsBeneath(database, roomNid, of),
  timelineGaps: (query: GapsQuery) => timelineGaps(database, query),
  eventById: (eventId: EventId) => events.eventById(database, eventId),
  eventsById: (eventIds: readonly EventId[]) => events.eventsById(database, eventIds),
  numberedRoom: (roomId: RoomId) => outliers.numberedRoom(database, roomId),
  numbersOfEvents: (eventIds: readonly EventId[]) => outliers.numbersOfEvents(database, eventIds),
  wasOfState: (event: Pick<outliers.NumberedEvent, 'roomNid' | 'nid'>) =>
    outliers.wasOfState(database, event),
  placedEvents: (roomNid: number, eventIds: readonly EventId[]) =>
    events.placedEvents(database, roomNid, eventIds),
  stateEntriesOf: (roomNid: number, eventIds: readonly EventId[]) =>
    events.stateEntriesOf(database, roomNid, eventIds),
  depthOfFirst: (roomNid: number) => events.depthOfFirst(database, roomNid),
  newestOfTimeline: (range: state.LogRange & { limit: number }) =>
    events.newestOfTimeline(database, range),
  newestOfTimelines: (range: { roomNids: readonly number[]; upTo: number; limit: number }) =>
    timelines.newestOfTimelines(database, range),
  pageOfRoom: (query: events.PageQuery) => events.pageOfRoom(database, query),
  entriesOfPage: (query: events.PageQuery) => events.entriesOfPage(database, query),
  eventsNear: (query: events.NearQuery) => events.eventsNear(database, query),
  redactionsAwaiting: (roomNid: number, targetIds: readonly EventId[]) =>
    awaited.redactionsAwaiting(database, roomNid, targetIds),
  placeAt: (roomNid: number, position: number) => places.placeAt(database, roomNid, position),
  deepestUpTo: (roomNid: number, position: number) =>
    places.deepestUpTo(database, roomNid, position),
  shallowestBehind: (roomNid: number, of: Parameters<typeof places.shallowestBehind>[2]) =>
    places.shallowestBehind(database, roomNid, of),
});

const stateReads = (database: Database) => ({
  stateBytes: (roomNid: number) => state.stateBytes(database, roomNid),
  stateWithBases: (stateNid: number) => state.stateWithBases(database, stateNid),
  statesWithBases: (stateNids: readonly number[]) => state.statesWithBases(database, stateNids),
  currentEntries: (roomNid: number) => state.currentEntries(database, roomNid),
  stateNidByHash: (wanted: { readonly roomNid: number; readonly hash: Buffer }) =>
    state.stateNidByHash(database, wanted),
  stateChangesOf: (ranges: readonly state.LogRange[]) => state.stateChangesOf(database, ranges),
});

const partialReads = (database: Database) => ({
  partialJoin: (roomId: RoomId) => partial.partialJoin(database, roomId),
  unfinishedRooms: () => partial.unfinishedRooms(database),
  statesFrom: (from: { readonly roomNid: number; readonly stateNid: number }) =>
    partial.statesFrom(database, from),
  listHeld: (roomId: RoomId) => held.listHeld(database, roomId),
  heldPdus: (roomNid: number, nids: readonly number[]) => held.heldPdus(database, roomNid, nids),
  heldAmong: (roomNid: number, eventIds: readonly EventId[]) =>
    held.heldAmong(database, roomNid, eventIds),
  heldLoads: () => held.heldLoads(database),
});

const relationReads = (database: Database) => ({
  relationsLately: (rooms: readonly state.LogRange[], limit: number) =>
    relations.relationsLately(database, rooms, limit),
  bundlesOf: (query: relations.BundleQuery) => relations.bundlesOf(database, query),
  eventsRelatedTo: (query: relations.RelatedQuery) => relations.eventsRelatedTo(database, query),
  relatedTargets: (query: relations.RelatedTargetsQuery) =>
    relations.relatedTargets(database, query),
  threadsOfRoom: (query: relations.ThreadQuery) => relations.threadsOfRoom(database, query),
  relationsBy: (relation: Parameters<typeof relations.relationsBy>[1]) =>
    relations.relationsBy(database, relation),
});
