import type { RoomId } from '../../protocol/identifiers.ts';
import type { HotRoom } from '../memory/hot-room.ts';
import type { RoomMemory } from '../memory/room-memory.ts';
import type { RoomReads } from '../read/room-reads.ts';
import { rulesOfStored } from '../rules-of-stored.ts';
import { type RoomSummary, SUMMARY_TYPES, summaryOf } from './room-summary.ts';

interface Found {
  readonly roomId: RoomId;
  readonly nid: number;
  readonly version: string;
  readonly joinedCount: number;
  readonly eventNids: readonly number[];
}

/**
 * Summaries of rooms, in two queries and without loading them: somebody who only looks around is not
 * to put out of memory what others use. Those that are not there are left out.
 */
export async function summariesOf(
  { rooms, reads }: { rooms: Pick<RoomMemory, 'peek'>; reads: RoomReads },
  roomIds: readonly RoomId[],
): Promise<Map<RoomId, RoomSummary>> {
  await reads.keys.learn(SUMMARY_TYPES.map((type) => ({ type, stateKey: '' })));
  const keyNids = SUMMARY_TYPES.flatMap((type) => reads.keys.find(type, '')?.keyNid ?? []);
  const hot = roomIds.flatMap((roomId) => inMemory(rooms.peek(roomId), keyNids) ?? []);
  const known = new Set(hot.map(({ roomId }) => roomId));
  const missing = roomIds.filter((roomId) => !known.has(roomId));
  const stored = missing.length > 0 ? await reads.store.summarizedRooms(missing, keyNids) : [];
  const found = [...hot, ...stored];
  const rulesByRoom = new Map(found.map((room) => [room.nid, rulesOfStored(room)]));
  const events = await reads.events.load(
    ({ roomNid }) => rulesByRoom.get(roomNid)!,
    found.flatMap(({ eventNids }) => eventNids),
  );
  const byRoom = Map.groupBy(events, ({ roomId }) => roomId);
  return new Map(
    found.map(({ roomId, version, joinedCount }) => [
      roomId,
      summaryOf({ roomId, version, joinedCount }, byRoom.get(roomId) ?? []),
    ]),
  );
}

function inMemory(room: HotRoom | undefined, keyNids: readonly number[]): Found | undefined {
  if (!room?.isCommitted) return undefined;
  const { roomId, nid, rules } = room;
  const eventNids = keyNids.flatMap((keyNid) => room.state.get(keyNid) ?? []);
  return {
    roomId,
    nid,
    version: rules.version,
    joinedCount: room.members.count('join'),
    eventNids,
  };
}
