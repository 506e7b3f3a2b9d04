import { setImmediate as turn } from 'node:timers/promises';
import type { RoomId } from '../../protocol/identifiers.ts';
import type { HotRoom } from '../memory/hot-room.ts';
import type { RoomMemory } from '../memory/room-memory.ts';
import type { Preloading, Room, StateKeyTest } from '../room.ts';
import type { StoredTimeline } from '../store.ts';
import type { RoomReads } from './room-reads.ts';
import { RoomView } from './room-view.ts';
import { eventsIn } from './stored-timeline.ts';

/** What is parsed at a stroke, where rooms have that much to be parsed. */
const LENGTH_OF_A_TURN = 1_048_576;

/** In four queries, however many rooms there are. Those that are not there are left out. */
export async function openAll(
  { rooms, reads }: { rooms: RoomMemory; reads: RoomReads },
  roomIds: readonly RoomId[],
  { timeline = 0, state }: Preloading,
): Promise<Map<RoomId, Room>> {
  const found = [...(await rooms.getAll(roomIds)).values()].filter((room) => room.isCommitted);
  // One behind the other: in a small room the timeline has much of the state.
  if (timeline > 0) await fillTimelines(reads, found, timeline);
  if (state) await loadState(reads, found, state);
  return new Map(found.map((room) => [room.roomId, new RoomView(room, reads)]));
}

async function fillTimelines(reads: RoomReads, rooms: readonly HotRoom[], events: number) {
  // One more, by which it is known whether there is more.
  const limit = events + 1;
  const lacking = rooms.flatMap((room) => {
    const upTo = room.lastPosition;
    return room.timeline.newest({ after: 0, upTo, limit }) ? [] : { room, upTo };
  });
  if (lacking.length === 0) return;
  const begun = reads.events.beginRead();
  const stored = await reads.store.newestOfTimelines({
    roomNids: lacking.map(({ room }) => room.nid),
    upTo: Math.max(...lacking.map(({ upTo }) => upTo)),
    limit,
  });
  const byRoom = Map.groupBy(stored, ({ roomNid }) => roomNid);
  let length = 0;
  for (const { room, upTo } of lacking) {
    const own = byRoom.get(room.nid) ?? [];
    for (const { pdus } of own) length += pdus.length;
    if (length > LENGTH_OF_A_TURN) {
      await turn();
      length = 0;
    }
    if (reads.events.mayKeep(begun)) fill(reads, room, own, { upTo, limit });
  }
}

function fill(
  reads: RoomReads,
  room: HotRoom,
  stored: readonly StoredTimeline[],
  { upTo, limit }: { upTo: number; limit: number },
): void {
  const events = stored
    .flatMap((each) => eventsIn(each, room))
    .map((each) => reads.events.shown(each))
    .sort((one, other) => one.position - other.position)
    .slice(-limit);
  const after = events.length < limit ? 0 : events[0]!.position - 1;
  room.timeline.fill(events, { after, upTo });
}

async function loadState(reads: RoomReads, rooms: readonly HotRoom[], only: StateKeyTest) {
  const rulesOf = new Map(rooms.map((room) => [room.nid, room.rules]));
  const nids: number[] = [];
  for (const room of rooms) {
    const wanted: number[] = [];
    for (const [keyNid, eventNid] of room.state) {
      const { type, stateKey } = reads.keys.byNid(keyNid);
      if (only(type, stateKey)) wanted.push(eventNid);
    }
    const recent = room.timeline.among(wanted);
    nids.push(...wanted.filter((nid) => !recent.has(nid)));
  }
  await reads.events.load(({ roomNid }) => rulesOf.get(roomNid)!, nids);
}
