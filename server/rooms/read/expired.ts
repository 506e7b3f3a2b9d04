import { lifetimeOf, RETENTION, type RetentionBounds } from '../../protocol/retention.ts';
import type { HotRoom } from '../memory/hot-room.ts';
import type { RoomEvent } from '../room-event.ts';
import type { RoomReads } from './room-reads.ts';

/**
 * Without those whose time is over: nobody is shown them from that moment on, whenever they are purged. State stays, whose
 * time is never over while it holds.
 */
export function withoutExpired(
  room: HotRoom,
  reads: RoomReads,
  events: readonly RoomEvent[],
): Promise<readonly RoomEvent[]> | readonly RoomEvent[] {
  const bounds = reads.retention;
  return bounds === undefined ? events : withinBounds(room, reads, bounds, events);
}

async function withinBounds(
  room: HotRoom,
  reads: RoomReads,
  bounds: RetentionBounds,
  events: readonly RoomEvent[],
): Promise<readonly RoomEvent[]> {
  const lifetimeMs = lifetimeOf(await policyOf(room, reads), bounds);
  if (lifetimeMs === undefined) return events;
  const before = reads.now() - lifetimeMs;
  return events.filter(
    ({ stateKey, originServerTs }) => stateKey !== undefined || originServerTs >= before,
  );
}

async function policyOf(room: HotRoom, reads: RoomReads) {
  const key = reads.keys.find(RETENTION, '');
  const nid = key && room.state.get(key.keyNid);
  return nid === undefined ? undefined : (await reads.load(room, [nid]))[0]?.content;
}
