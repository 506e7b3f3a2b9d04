import { stateKeyOf } from '../../protocol/event.ts';
import type { EventId, RoomId } from '../../protocol/identifiers.ts';
import type { Origin } from '../draft.ts';
import type { HotRoom } from '../memory/hot-room.ts';
import { emptyChain, type KeyChange, nextState } from '../state/state-chain.ts';
import { storedAlike } from '../state/stored-alike.ts';
import { changeOutside } from '../write/attempt.ts';
import type { Building } from '../write/building.ts';
import type { Entry } from './entry.ts';
import { EntryChange } from './entry-change.ts';
import { numberedKeys } from './numbered-keys.ts';
import type { Elsewhere } from './other-servers.ts';
import type { ReceivedState } from './received-state.ts';
import { roomNumber } from './room-number.ts';
import { stagedEvents } from './staged-events.ts';

/**
 * The room becomes what another server says that it is, with our own event at its head: by one change, behind all that was
 * staged for it. Until then nobody is told of it; a room that is there, since somebody was in it or is invited, stays as it was.
 */
export async function enterRoom(
  building: Building,
  { roomId, lane }: { readonly roomId: RoomId; readonly lane: Elsewhere['lane'] },
  received: ReceivedState,
  origin: Origin<EventId>,
): Promise<EventId> {
  const { state, others, event, rules } = received;
  const roomNid = await building.passages.alone(roomId, () =>
    roomNumber(building, roomId, rules.version),
  );
  const keys = await numberedKeys(building, [...state, event]);
  const nids = await stagedEvents(building, lane, roomNid, [...others, ...state]);
  const named = state.map((each) => ({
    ...{ event: each, nid: nids.get(each.eventId)! },
    keyNid: keys.get(stateKeyOf(each.type, each.stateKey!))!,
  }));
  const keyNid = keys.get(stateKeyOf(event.type, event.stateKey!))!;
  const entry = { roomId, roomNid, version: rules.version, state: named, event, keyNid };
  return building.passages.alone(roomId, () =>
    changeOutside(building.rooms, roomId, (room) => committed(building, room, entry, origin)),
  );
}

async function committed(
  { ports, keys }: Building,
  room: HotRoom | undefined,
  entry: Entry,
  origin: Origin<EventId>,
): Promise<EventId> {
  const changes = entry.state.map(
    ({ keyNid, nid }): KeyChange => ({
      ...{ keyNid, from: undefined, to: nid },
    }),
  );
  const before = await storedAlike(ports.store, entry.roomNid, emptyChain, changes);
  const entries = new Map(entry.state.map(({ keyNid, nid }) => [keyNid, nid] as const));
  return ports.log.commit((position) => {
    const change = new EntryChange({ entry, room, position, keys, tools: ports });
    const stood =
      before ?? change.newState(nextState(emptyChain, position(), changes, () => entries));
    change.place(stood, entries);
    const rows = origin.rows?.(entry.event.eventId) ?? [];
    const outcome = origin.outcome?.(entry.event.eventId);
    return { change: change.finish({ rows, outcome }), value: entry.event.eventId };
  });
}
